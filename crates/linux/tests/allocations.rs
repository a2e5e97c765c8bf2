//! Refreshing and reading an unchanged machine allocates nothing.
#![expect(unsafe_code, reason = "a counting allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use linux::cgroup::{Group, Hierarchy};
use linux::{Buffer, Root, net_dev};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and the pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn recorded() -> tempfile::TempDir {
    let machine = tempfile::tempdir().expect("a scratch directory");
    let write = |path: String, text: &str| {
        let path = machine.path().join(path);
        let made = fs::create_dir_all(path.parent().unwrap_or(&path)).and_then(|()| fs::write(&path, text));
        made.expect("a file of the recorded tree");
    };
    write("proc/1/mountinfo".into(), "30 27 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
    write("proc/9/net/dev".into(), "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    for pod in 0..50 {
        for below in ["".to_owned(), format!("/cri-containerd-{pod:064x}.scope")] {
            let path = format!("sys/fs/cgroup/kubepods.slice/kubepods-pod{pod:032x}.slice{below}");
            write(format!("{path}/cpu.stat"), "usage_usec 1\nuser_usec 1\nsystem_usec 0\n");
            write(format!("{path}/memory.current"), "1\n");
            write(format!("{path}/memory.peak"), "2\n");
            write(format!("{path}/memory.swap.current"), "0\n");
            write(format!("{path}/memory.stat"), "anon 1\nfile 2\ninactive_file 1\npgfault 3\n");
            write(format!("{path}/io.stat"), "8:0 rbytes=1 wbytes=2 rios=3 wios=4\n");
        }
    }
    machine
}

#[test]
fn an_unchanged_machine_costs_no_allocation() {
    let machine = recorded();
    let root = Root::open(machine.path()).unwrap();
    let mut buffer = Buffer::new();
    let mut disks = Vec::with_capacity(4);
    let mut hierarchy = Hierarchy::discover(&root, &mut buffer).unwrap();
    let mut tick = || {
        hierarchy.refresh(&mut buffer).unwrap();
        assert_eq!(hierarchy.pods().len(), 50);
        let mut read = |group: &Group| {
            group.read_cpu(&mut buffer).unwrap();
            assert_eq!(group.read_memory(&mut buffer).unwrap().usage_bytes, Some(1));
            group.read_io_into(&mut buffer, &mut disks).unwrap();
        };
        for pod in hierarchy.pods() {
            read(&pod.group);
            read(&pod.containers[0].group);
        }
    };
    tick();
    let before = COUNT.load(Ordering::Relaxed);
    tick();
    assert_eq!(COUNT.load(Ordering::Relaxed) - before, 0);

    let mut interfaces = net_dev::read(&root, 9, &mut buffer).unwrap();
    let before = COUNT.load(Ordering::Relaxed);
    net_dev::read_into(&root, 9, &mut buffer, &mut interfaces).unwrap();
    // The file's path is put together.
    assert!(COUNT.load(Ordering::Relaxed) - before <= 1);
    assert!(Path::new(machine.path()).exists());
}
