//! Real answers, and ones that can't be.

use proptest::prelude::*;

use super::*;

const INSTANCE: &str = "i-0123456789abcdef0";

const TAGS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>0a1b2c3d-0000-4000-8000-0123456789ab</requestId>
    <tagSet>
        <item><resourceId>i-0123456789abcdef0</resourceId><resourceType>instance</resourceType>
            <key>eks:cluster-name</key><value>demo</value></item>
        <item><resourceId>i-0123456789abcdef0</resourceId><resourceType>instance</resourceType>
            <key>a&amp;b</key><value/></item>
        <item><resourceId>i-0fedcba9876543210</resourceId><resourceType>instance</resourceType>
            <key>Name</key><value>not ours</value></item>
    </tagSet>
    <nextToken>eyJ2IjoiMiJ9</nextToken>
</DescribeTagsResponse>"#;

const VOLUMES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<DescribeVolumesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>0a1b2c3d-0000-4000-8000-0123456789ab</requestId>
  <volumeSet>
    <item>
      <volumeId>vol-0123456789abcdef0</volumeId><size>80</size><snapshotId>snap-0</snapshotId>
      <availabilityZone>us-west-2a</availabilityZone><status>in-use</status>
      <attachmentSet>
        <item><volumeId>vol-0123456789abcdef0</volumeId><instanceId>i-0123456789abcdef0</instanceId>
          <device>/dev/xvda</device><status>attached</status><deleteOnTermination>true</deleteOnTermination></item>
        <item><volumeId>vol-0123456789abcdef0</volumeId><instanceId>i-0fedcba9876543210</instanceId>
          <device>/dev/sdf</device><status>attached</status></item>
      </attachmentSet>
      <tagSet><item><key>Name</key><value>x</value></item></tagSet>
      <volumeType>gp3</volumeType>
    </item>
    <item><volumeId>vol-1</volumeId><availabilityZone>us-west-2a</availabilityZone><attachmentSet/></item>
  </volumeSet>
</DescribeVolumesResponse>"#;

fn answer_of(status: u16, body: &str) -> Response<Bytes> {
    Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap()
}

fn refused(status: u16, body: &str) -> Option<Error> {
    let keys = Credentials::new("AKIDEXAMPLE", "hidden-word", None, None, "test");
    refusal(Operation::DescribeTags, &answer_of(status, body), &keys)
}

#[test]
fn a_page_has_the_instances_tags_and_its_successor() {
    let page = tags(TAGS.as_bytes(), INSTANCE).unwrap();
    let found: Vec<_> = page.items.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect();
    assert_eq!(found, [("eks:cluster-name", "demo"), ("a&b", "")]);
    assert_eq!(page.next.as_deref(), Some("eyJ2IjoiMiJ9"));
}

#[test]
fn a_volume_counts_once_for_the_instance_it_is_on() {
    let page = attachments(VOLUMES.as_bytes(), INSTANCE).unwrap();
    let wanted = Attachment {
        device: "/dev/xvda".into(),
        volume_id: "vol-0123456789abcdef0".into(),
        availability_zone: "us-west-2a".into(),
    };
    assert_eq!((page.items, page.next), (vec![wanted], None));
}

#[test]
fn what_is_no_whole_page_of_the_call_is_none() {
    assert_eq!(tags(VOLUMES.as_bytes(), INSTANCE), None);
    assert_eq!(attachments(TAGS.as_bytes(), INSTANCE), None);
    for end in 0..TAGS.len() {
        assert_eq!(tags(&TAGS.as_bytes()[..end], INSTANCE), None, "{end}");
    }
    let bomb = TAGS.replace("<DescribeTagsResponse", "<!DOCTYPE a [<!ENTITY b \"c\">]><DescribeTagsResponse");
    for text in ["", "{}", "<html></html>", "<DescribeTagsResponse/>", &bomb] {
        assert_eq!(tags(text.as_bytes(), INSTANCE), None, "{text}");
    }
    let empty = "<DescribeTagsResponse><tagSet/><nextToken></nextToken></DescribeTagsResponse>";
    assert_eq!(tags(empty.as_bytes(), INSTANCE), Some(Page { items: Vec::new(), next: None }));
}

#[test]
fn both_shapes_of_a_refusal_are_read() {
    let long = "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Slow down, hidden-word</Message>\
                </Error></Errors><RequestID>r-1</RequestID></Response>";
    let short = "<ErrorResponse><Error><Code>RequestLimitExceeded</Code><Message>Slow down, hidden-word</Message>\
                 </Error><RequestId>r-1</RequestId></ErrorResponse>";
    for text in [long, short] {
        let Some(Error::Throttled(refusal)) = refused(503, text) else { panic!("{text}") };
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str(), refusal.request_id.as_deref()),
            ("RequestLimitExceeded", "Slow down, (hidden)", Some("r-1"))
        );
        assert!(is_the_services(&answer_of(503, text)));
    }
    assert!(refused(200, long).is_none());
    assert!(!is_the_services(&answer_of(403, "<html>no</html>")));
}

#[test]
fn a_status_without_a_code_is_somebody_elses_word() {
    for (status, label) in
        [(400, "garbled"), (403, "garbled"), (408, "unavailable"), (429, "throttled"), (502, "unavailable")]
    {
        assert_eq!(refused(status, "<html>no</html>").unwrap().label(), label, "{status}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), status in 100_u16..600) {
        let _ = (tags(&bytes, INSTANCE), attachments(&bytes, INSTANCE));
        refused(status, &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_damaged_page_is_read_or_refused(at in 0..VOLUMES.len(), with in any::<u8>()) {
        for text in [TAGS, VOLUMES] {
            let mut bytes = text.as_bytes().to_vec();
            let at = at.min(bytes.len() - 1);
            bytes[at] = with;
            let _ = (tags(&bytes, INSTANCE), attachments(&bytes, INSTANCE));
            refused(503, &String::from_utf8_lossy(&bytes));
        }
    }
}

#[test]
fn a_page_of_more_elements_than_any_has_is_none() {
    let of = |elements: usize| format!("<r>{}</r>", "<a/>".repeat(elements));
    assert!(parse(of(1000).as_bytes()).is_some());
    assert!(parse(of(MAX_NODES as usize + 1).as_bytes()).is_none());
}
