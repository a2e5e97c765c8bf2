//! Answers of AWS, of instance metadata and of the ECS agent; proxies.

use aws::ecs_agent;

use crate::{Seed, Target, on_text, steered};

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "proxies",
        run: proxies,
        seeds: &[Seed::Text("*.a.com,10.0.0.0/8 [::1]:80\nhttp://u%20:p@proxy:3128"), Seed::Text(".b,*\nproxy:1")],
    },
    Target {
        name: "logs_answers",
        run: logs_answers,
        seeds: &[
            Seed::Text(
                "\x14\x09{\"rejectedLogEventsInfo\":{\"tooOldLogEventEndIndex\":2,\"expiredLogEventEndIndex\":3,\"tooNewLogEventStartIndex\":7}}",
            ),
            Seed::Text(
                "\x3c\x09{\"__type\":\"com.amazonaws.logs#InvalidSequenceTokenException:\",\"message\":\"m\",\"expectedSequenceToken\":\"49\"}",
            ),
            Seed::Text("\x50\x09<Error><Code>SlowDown</Code><Message>m</Message></Error>"),
        ],
    },
    Target {
        name: "ec2_pages",
        run: ec2_pages,
        seeds: &[
            Seed::Text(
                "\x14<DescribeTagsResponse><tagSet><item><resourceId>i-0123456789abcdef0</resourceId><key>k</key><value>v</value></item></tagSet><nextToken>t</nextToken></DescribeTagsResponse>",
            ),
            Seed::Text(
                "\x14<DescribeVolumesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><volumeSet><item><volumeId>vol-1</volumeId><availabilityZone>a</availabilityZone><attachmentSet><item><instanceId>i-0123456789abcdef0</instanceId><device>/dev/xvda</device><status>attached</status></item></attachmentSet></item></volumeSet></DescribeVolumesResponse>",
            ),
            Seed::Text(
                "\x50<?xml version=\"1.0\"?><Response><Errors><Error><Code>AuthFailure</Code><Message>&lt;m&#10;</Message></Error></Errors><RequestID>r</RequestID></Response>",
            ),
        ],
    },
    Target {
        name: "instance_metadata",
        run: aws::metadata::fuzz_answer,
        seeds: &[
            Seed::Text(
                r#"{"instanceId":"i-0123456789abcdef0","instanceType":"m5.large","region":"eu-west-1","availabilityZone":"eu-west-1a","privateIp":"10.0.0.1","kernelId":null}"#,
            ),
            Seed::Text("Name\naws:autoscaling:groupName\r\n"),
            Seed::Text("AQAAAHc_x-y=="),
        ],
    },
    Target {
        name: "ecs_agent",
        run: ecs,
        seeds: &[
            Seed::Text(
                r#"{"Cluster":"prod","ContainerInstanceArn":"arn:aws:ecs:us-west-2:1:container-instance/prod/ab"}"#,
            ),
            Seed::Text(
                r#"{"Tasks":[{"Arn":"arn:aws:ecs:us-west-2:1:task/prod/ab","KnownStatus":"RUNNING","Containers":[{"DockerId":"ab","Name":"x"}]}]}"#,
            ),
            Seed::Text("arn:aws:ecs:us-west-2:111122223333:cluster/prod-1"),
            Seed::Text("arn:aws:ecs:us-west-2:111122223333:task/prod/0123"),
        ],
    },
];

/// The first line is a list of exceptions, the second a proxy.
fn proxies(data: &[u8]) {
    on_text(data, |text| {
        let (exceptions, address) = text.split_once('\n').unwrap_or((text, text));
        net::fuzz_proxy(exceptions, address);
    });
}

/// An HTTP status of a byte: 200 is 20, 500 is 80.
fn status(byte: usize) -> u16 {
    u16::try_from(100 + byte * 5).unwrap_or(200)
}

fn logs_answers(data: &[u8]) {
    let (first, rest) = steered(data);
    let (sent, body) = steered(rest);
    aws::logs::fuzz_answer(body, status(first), sent);
}

fn ec2_pages(data: &[u8]) {
    let (first, body) = steered(data);
    aws::ec2::fuzz_answer(body, status(first));
}

/// No name leaves its folder.
fn ecs(data: &[u8]) {
    ecs_agent::fuzz_answer(data);
    on_text(data, |text| {
        let names = [ecs_agent::container_instance_id(text), ecs_agent::task_id(text), ecs_agent::cluster_name(text)];
        assert!(names.into_iter().flatten().all(|name| !name.is_empty() && !name.contains(['/', '.'])));
    });
}
