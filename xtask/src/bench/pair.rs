//! `cargo xtask bench pair OLD NEW`: two builds of the agent side by side on the same pods, and how much the new one costs more.
//!
//! Both run at the same time, are started anew for each pair in turn, and are measured over the same ticks: what else the
//! machine does weighs on both alike. A figure is the median of the pairs' ratios with its 95 % interval, and is a miss where
//! that interval lies wholly above [`WORSE`].

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use testkit::kubelet::FakeKubelet;

use super::Verdict;
use super::agent::Agent;
use super::kubelet::Answers;
use super::node::Node;

const INTERVAL: Duration = Duration::from_secs(1);
/// Ticks of one measurement.
const TICKS: u32 = 10;
/// Pairs; `PAIRS` in the environment asks for others.
const PAIRS: usize = 15;
/// The ratio above which the new build costs more.
const WORSE: f64 = 1.03;

/// What one pair gave: new to old, by figure.
struct Ratios {
    kernel: f64,
    whole: f64,
    anonymous: f64,
    highest: f64,
}

/// Compares two builds at 10 and at 110 pods.
pub(crate) fn run(old: &Path, new: &Path, scratch: &Path, verdict: &mut Verdict) -> Result<()> {
    let pairs = std::env::var("PAIRS").ok().and_then(|pairs| pairs.parse().ok()).unwrap_or(PAIRS);
    for pods in [10, 110] {
        let node = Node::with(pods, scratch)?;
        let kubelet = FakeKubelet::https();
        let mut answers = Answers::recorded()?;
        let mut ratios = Vec::new();
        for number in 0..pairs {
            ratios.push(pair(number, [old, new], &node, &kubelet, &mut answers, scratch)?);
        }
        let mut judge = |what: &str, figure: fn(&Ratios) -> f64| {
            let (low, median, high) = interval(ratios.iter().map(figure).collect());
            println!("     {what} at {pods} pods, new to old: {median:.3} [{low:.3}, {high:.3}]");
            verdict.at_most(&format!("lower end of the ratio, {what} at {pods} pods"), low, WORSE);
        };
        judge("CPU of a tick", |ratios| ratios.kernel);
        judge("CPU of a tick with a new pod list", |ratios| ratios.whole);
        judge("anonymous memory (RssAnon)", |ratios| ratios.anonymous);
        // Program text counts here too, and has a limit of its own in `bench memory`.
        let (low, median, high) = interval(ratios.iter().map(|ratios| ratios.highest).collect());
        println!("     highest memory (VmHWM) at {pods} pods, new to old: {median:.3} [{low:.3}, {high:.3}]");
    }
    Ok(())
}

fn pair(
    number: usize,
    binaries: [&Path; 2],
    node: &Node,
    kubelet: &FakeKubelet,
    answers: &mut Answers,
    scratch: &Path,
) -> Result<Ratios> {
    answers.give(kubelet, &node.pods);
    let start = |which: usize| Agent::start(binaries[which], kubelet, scratch, INTERVAL);
    // Neither is always the one that starts first.
    let (old, new) = if number.is_multiple_of(2) {
        let old = start(0)?;
        (old, start(1)?)
    } else {
        let new = start(1)?;
        (start(0)?, new)
    };
    std::thread::sleep(INTERVAL * 3);
    let whole = ratio(&old, &new, || {
        for _ in 0..TICKS {
            answers.give(kubelet, &node.pods);
            std::thread::sleep(INTERVAL);
        }
    })?;
    // The last list counts from here on: what is left is the kernel's part and the output.
    let kernel = ratio(&old, &new, || std::thread::sleep(INTERVAL * TICKS))?;
    let memory = |key| -> Result<f64> { Ok(new.status_kib(key)? as f64 / old.status_kib(key)? as f64) };
    let ratios = Ratios { kernel, whole, anonymous: memory("RssAnon")?, highest: memory("VmHWM")? };
    println!("     pair {number}: a tick {kernel:.3}, with a new list {whole:.3}, RssAnon {:.3}", ratios.anonymous);
    Ok(ratios)
}

fn ratio(old: &Agent, new: &Agent, work: impl FnOnce()) -> Result<f64> {
    let before = [old.cpu_ms()?, new.cpu_ms()?];
    work();
    Ok((new.cpu_ms()? - before[1]) / (old.cpu_ms()? - before[0]))
}

/// The median and the ends of its interval of at least 95 %, by order: no shape of the distribution is supposed.
fn interval(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    let median = (values[(count - 1) / 2] + values[count / 2]) / 2.0;
    // The largest rank whose two tails together have at most 5 % of the binomial distribution of one half.
    let (mut rank, mut tail, mut term) = (0, 0.0, 0.5_f64.powi(count as i32));
    for below in 0..count / 2 {
        tail += term;
        if tail > 0.025 {
            break;
        }
        rank = below + 1;
        term *= (count - below) as f64 / (below + 1) as f64;
    }
    let low = rank.saturating_sub(1).min(count - 1);
    (values[low], median, values[count - 1 - low])
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn the_interval_of_fifteen_is_from_the_fourth_to_the_twelfth() {
        // The table of the sign test: with 15 values the 4th and the 12th hold the median in 96.5 % of cases.
        let values = (1..=15).map(f64::from).rev().collect();
        assert_eq!(interval(values), (4.0, 8.0, 12.0));
    }

    #[test]
    fn few_values_have_the_interval_of_all() {
        assert_eq!(interval(vec![2.0, 1.0, 3.0]), (1.0, 2.0, 3.0));
    }
}
