use super::*;

#[test]
fn every_recording_loads_and_its_second_sample_is_later() {
    for name in names() {
        let recording = Recording::load(&name);
        assert!(!recording.kernel.is_empty() && !recording.how.is_empty(), "{name} does not say where it comes from");
        let elapsed = recording.second.monotonic.checked_sub(recording.first.monotonic);
        assert!(elapsed.is_some_and(|elapsed| elapsed >= Duration::from_secs(1)), "{name}: {elapsed:?}");
        assert!(recording.second.wall_time > recording.first.wall_time, "{name}");
    }
}

#[test]
fn every_sample_has_the_files_each_node_has() {
    let files = ["proc/1/mountinfo", "proc/1/net/dev", "proc/1/cgroup", "proc/meminfo", "proc/cpuinfo", "statfs.json"];
    for name in names() {
        let recording = Recording::load(&name);
        for sample in [&recording.first, &recording.second] {
            for file in files {
                assert!(sample.root.join(file).is_file(), "{name} has no {file}");
            }
        }
    }
}

#[test]
fn kubelet_answers_are_json_with_pods() {
    for name in names() {
        let recording = Recording::load(&name);
        for sample in [&recording.first, &recording.second] {
            for (answer, list) in [(&sample.pods, "items"), (&sample.summary, "pods")] {
                let Some(answer) = answer else { continue };
                let value: serde_json::Value = serde_json::from_slice(answer).unwrap();
                assert!(value[list].as_array().is_some_and(|list| !list.is_empty()), "{name}: no {list}");
            }
        }
    }
}

#[test]
fn no_recording_holds_a_token() {
    // A service account's token is a JWT, whose text begins with the encoded `{"alg`.
    fn search(folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                search(&path);
            } else {
                let text = fs::read(&path).unwrap();
                assert!(!text.windows(6).any(|six| six == b"eyJhbG"), "{} looks like it holds a token", path.display());
            }
        }
    }
    search(&path(""));
}
