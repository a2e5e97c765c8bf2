#!/usr/bin/env python3
"""Makes a container image from files, without a registry: a tar for `ctr -n k8s.io image import` or `docker load -i`.

  make_image.py OUT.tar NAME [FILE=PATH_IN_IMAGE]... [--busybox /bin/busybox] [--command WORD...]

`--busybox` adds that program and a link for each of its applets. Needs nothing but the standard library.
"""
import argparse
import hashlib
import io
import json
import os
import subprocess
import tarfile

FOLDERS = ("bin", "etc", "proc", "sys", "dev", "tmp", "usr", "data", "conf", "rootfs")
LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def add_file(archive, name, content, mode=0o755):
    entry = tarfile.TarInfo(name.lstrip("/"))
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def make_layer(files, busybox):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            archive.addfile(entry)
        if busybox:
            add_file(archive, "bin/busybox", read(busybox))
            for applet in subprocess.check_output([busybox, "--list"], text=True).split():
                if applet == "busybox":
                    continue
                link = tarfile.TarInfo("bin/" + applet)
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
        for pair in files:
            source, _, target = pair.partition("=")
            add_file(archive, target or "/bin/" + os.path.basename(source), read(source))
    return buffer.getvalue()


def blob(content, media_type):
    digest = hashlib.sha256(content).hexdigest()
    return "blobs/sha256/" + digest, {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("name")
    parser.add_argument("files", nargs="*")
    parser.add_argument("--busybox")
    parser.add_argument("--command", nargs="+", default=["/bin/sh"])
    arguments = parser.parse_args()

    layer = make_layer(arguments.files, arguments.busybox)
    layer_path, layer_entry = blob(layer, LAYER)
    config = json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Cmd": arguments.command, "Env": ["PATH=/bin:/usr/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [layer_entry["digest"]]},
        "history": [{"created_by": "make_image.py"}],
    }).encode()
    config_path, config_entry = blob(config, CONFIG)
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config_entry, "layers": [layer_entry],
    }).encode()
    manifest_path, manifest_entry = blob(manifest, MANIFEST)
    manifest_entry["platform"] = {"os": "linux", "architecture": "amd64"}
    manifest_entry["annotations"] = {
        "io.containerd.image.name": arguments.name,
        "org.opencontainers.image.ref.name": arguments.name.rsplit(":", 1)[1],
    }
    docker = [{"Config": config_path, "RepoTags": [arguments.name], "Layers": [layer_path]}]
    with tarfile.open(arguments.out, "w") as archive:
        add_file(archive, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}', 0o644)
        add_file(archive, "index.json", json.dumps({"schemaVersion": 2, "manifests": [manifest_entry]}).encode(), 0o644)
        add_file(archive, "manifest.json", json.dumps(docker).encode(), 0o644)
        for path, content in ((config_path, config), (manifest_path, manifest), (layer_path, layer)):
            add_file(archive, path, content, 0o644)


main()
