//! The client against moto, whose code knows nothing of ours: signatures, forms, filters, the shapes of its answers.
//!
//! moto 5 doesn't page these two calls; it does page `DescribeInstances`, whose pages have the same shape.

use testkit::moto::{Moto, ROLE};

use super::*;

async fn client_of(moto: &Moto, settings: Settings) -> Client {
    let sts = [("AWS_ENDPOINT_URL_STS", moto.endpoint()), ("AWS_EC2_METADATA_DISABLED", "true")];
    let session = Session::load_from(settings, now, Environment::of(&sts)).await.unwrap();
    Client::new(session, Options { endpoint: Some(moto.endpoint().into()), ..Options::default() }).unwrap()
}

async fn client(moto: &Moto) -> Client {
    client_of(moto, with_keys(&moto.keys.0, &moto.keys.1)).await
}

/// The texts of every element of this name.
fn texts(answer: &str, name: &str) -> Vec<String> {
    let opening = format!("<{name}>");
    let parts = answer.split(&opening).skip(1);
    parts.map(|rest| rest.split('<').next().unwrap_or_default().to_owned()).collect()
}

fn first(answer: &str, name: &str) -> String {
    texts(answer, name).into_iter().next().unwrap_or_else(|| panic!("no {name} in {answer}"))
}

/// A new instance: its id.
fn run_instance(moto: &Moto) -> String {
    let image = first(&moto.ec2("RegisterImage", &[("Name", "image"), ("RootDeviceName", "/dev/xvda")]), "imageId");
    let placed = [("ImageId", &*image), ("MinCount", "1"), ("MaxCount", "1"), ("InstanceType", "m5.large")];
    let zone = ("Placement.AvailabilityZone", "us-west-2b");
    first(&moto.ec2("RunInstances", &[&placed[..], &[zone]].concat()), "instanceId")
}

/// A new volume on the instance: its id.
fn attach(moto: &Moto, instance: &str, device: &str) -> String {
    let made = moto.ec2("CreateVolume", &[("Size", "8"), ("AvailabilityZone", "us-west-2b")]);
    let volume = first(&made, "volumeId");
    let answer =
        moto.ec2("AttachVolume", &[("VolumeId", volume.as_str()), ("InstanceId", instance), ("Device", device)]);
    assert!(answer.contains("AttachVolumeResponse"), "{answer}");
    volume
}

fn sorted<T>(mut items: Vec<T>, key: impl Fn(&T) -> String) -> Vec<T> {
    items.sort_by_key(key);
    items
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_gives_an_instances_tags_and_nobody_elses() {
    let moto = Moto::start();
    let (ours, other) = (run_instance(&moto), run_instance(&moto));
    let volume = attach(&moto, &ours, "/dev/sdf");
    let long = "x".repeat(256);
    let wanted = [
        ("Name", ""),
        ("a&b <c> \"d\" + é", "ä&<>'\u{10000} = /"),
        ("eks:cluster-name", "demo"),
        ("kubernetes.io/cluster/demo", "owned"),
        ("long", &*long),
    ];
    for (key, value) in wanted {
        let answer =
            moto.ec2("CreateTags", &[("ResourceId.1", ours.as_str()), ("Tag.1.Key", key), ("Tag.1.Value", value)]);
        assert!(answer.contains("CreateTagsResponse"), "{answer}");
    }
    for resource in [&other, &volume] {
        moto.ec2(
            "CreateTags",
            &[("ResourceId.1", resource.as_str()), ("Tag.1.Key", "Name"), ("Tag.1.Value", "not ours")],
        );
    }
    let client = client(&moto).await;
    let found = sorted(client.describe_tags(&ours).await.unwrap(), |tag| tag.key.clone());
    assert_eq!(found, wanted.map(|(key, value)| tag(key, value)));
    assert_eq!(client.describe_tags("i-0123456789abcdef0").await.unwrap(), []);
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_gives_an_instances_volumes_and_nobody_elses() {
    let moto = Moto::start();
    let (ours, other) = (run_instance(&moto), run_instance(&moto));
    let mut wanted: Vec<_> =
        ["/dev/sdf", "/dev/sdg"].map(|device| attachment(device, &attach(&moto, &ours, device), "us-west-2b")).into();
    let gone = attach(&moto, &ours, "/dev/sdh");
    moto.ec2("DetachVolume", &[("VolumeId", gone.as_str()), ("InstanceId", ours.as_str()), ("Device", "/dev/sdh")]);
    attach(&moto, &other, "/dev/sdf");
    moto.ec2("CreateVolume", &[("Size", "8"), ("AvailabilityZone", "us-west-2b")]);
    // The disk it starts from, as moto tells it of the instance.
    let root = moto.ec2("DescribeInstances", &[("InstanceId.1", ours.as_str())]);
    let mapped = root.split("<blockDeviceMapping>").nth(1).unwrap().split("</blockDeviceMapping>").next().unwrap();
    let (devices, volumes) = (texts(mapped, "deviceName"), texts(mapped, "volumeId"));
    let at = devices.iter().position(|device| *device == first(&root, "rootDeviceName")).unwrap();
    wanted.push(attachment(&devices[at], &volumes[at], "us-west-2b"));

    let found = client(&moto).await.describe_volumes(&ours).await.unwrap();
    let by_device = |item: &Attachment| item.device.clone();
    assert_eq!(sorted(found, by_device), sorted(wanted, by_device));
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn motos_pages_name_their_successors_as_ours_are_read() {
    let moto = Moto::start();
    let wanted: Vec<String> = (0..13).map(|_| run_instance(&moto)).collect();
    let (mut found, mut sizes, mut token) = (Vec::new(), Vec::new(), None::<String>);
    loop {
        let most = [("MaxResults", "5")];
        let next: Vec<_> = token.iter().map(|token| ("NextToken", token.as_str())).collect();
        let answer = moto.ec2("DescribeInstances", &[&most[..], &next].concat());
        let page = answer::page(answer.as_bytes(), "DescribeInstancesResponse", "reservationSet", |item, all| {
            let set = item
                .children()
                .find(|child| child.has_tag_name((item.tag_name().namespace().unwrap(), "instancesSet")));
            let id =
                set.into_iter().flat_map(|set| set.descendants()).find(|node| node.tag_name().name() == "instanceId");
            all.extend(id.and_then(|id| id.text()).map(str::to_owned));
        });
        let page = page.unwrap_or_else(|| panic!("no page: {answer}"));
        sizes.push(page.items.len());
        found.extend(page.items);
        token = page.next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!((found, sizes), (wanted, vec![5, 5, 3]));
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_refuses_keys_that_are_not_right_and_we_say_so() {
    let moto = Moto::start();
    for (id, secret) in [(moto.keys.0.as_str(), "wrong"), ("AKIAUNKNOWN", "wrong")] {
        let error = client_of(&moto, with_keys(id, secret)).await.describe_tags("i-1").await.unwrap_err();
        let Error::CredentialsRefused(refusal) = &error else { panic!("{error:?}") };
        assert_eq!((refusal.status, refusal.code.as_str()), (401, "AuthFailure"), "{error}");
    }
}

#[tokio::test]
#[ignore = "needs moto, which it installs"]
async fn moto_denies_a_role_what_its_policy_lacks_and_we_name_the_right() {
    let moto = Moto::start();
    let settings = Settings { role_arn: Some(ROLE.into()), ..with_keys(&moto.keys.0, &moto.keys.1) };
    let client = client_of(&moto, settings).await;
    for (error, action) in [
        (client.describe_tags("i-1").await.unwrap_err(), "ec2:DescribeTags"),
        (client.describe_volumes("i-1").await.unwrap_err(), "ec2:DescribeVolumes"),
    ] {
        assert_eq!((error.label(), error.needs_help()), ("denied", true), "{error}");
        let said = error.to_string();
        assert!(said.ends_with(&format!("allow {action} to the agent's role")), "{said}");
    }
}
