//! A pod list that is read while it arrives.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::Error as _;

use super::repeated::{Found, Holding, Repeated, Search};
use super::{Phase, Pod, PodList, raw};
use crate::error::ParseError;
use crate::json::{FromRaw as _, Text};
use crate::stream::{Edge, Filter, Item, LABEL_BYTES, LONGEST_HEAD, LabelRules, Labels};

/// The most pods of a list; no node has so many that run. Pods that have ended make room for others.
pub const MOST_PODS: usize = 20_000;
/// The labels of a pod that has ended may take less: there may be thousands of such pods.
const LABEL_BYTES_OF_ENDED: usize = LABEL_BYTES / 16;

/// The pods of the last list: one that stands there as before is not looked at, and one of which what is kept has not
/// changed is not read again.
#[derive(Debug, Default)]
pub(crate) struct Known {
    hasher: RandomState,
    /// By a hash of what is kept of their JSON.
    pub(super) pods: HashMap<u64, Arc<Pod>>,
    pub(super) repeated: Arc<Repeated>,
    list: Arc<PodList>,
}

/// Reads one list.
#[derive(Debug)]
pub(crate) struct Reader<'k> {
    filter: Filter,
    pods: Gathered<'k>,
    /// Whether the present item is one of the last list, as long as that is open.
    search: Option<Search>,
}

#[derive(Debug)]
struct Gathered<'k> {
    known: &'k Known,
    now: HashMap<u64, Arc<Pod>>,
    holding: Holding,
    /// In the list's order; `None` where one had to go.
    pods: Vec<Option<Arc<Pod>>>,
    /// Where in `pods` those are that have ended.
    ended: Vec<usize>,
    count: usize,
    skipped: usize,
    too_large: usize,
    passed_over: usize,
}

impl<'k> Reader<'k> {
    /// A reader that keeps these labels, and knows a list from before.
    pub(crate) fn new(rules: &LabelRules, known: &'k Known) -> Self {
        let pods = Gathered {
            known,
            now: HashMap::with_capacity(known.pods.len()),
            holding: Holding::default(),
            pods: Vec::with_capacity(known.list.pods.len()),
            ended: Vec::new(),
            count: 0,
            skipped: 0,
            too_large: 0,
            passed_over: 0,
        };
        Self { filter: Filter::new(&raw::LIST, rules.clone(), LONGEST_HEAD), pods, search: None }
    }

    /// Takes the next bytes of the answer.
    pub(crate) fn push(&mut self, mut chunk: &[u8]) -> Result<(), ParseError> {
        let repeated = &self.pods.known.repeated;
        while !chunk.is_empty() {
            let Some(search) = &mut self.search else {
                chunk = &chunk[self.filter(chunk)?..];
                continue;
            };
            let (taken, found) = search.push(repeated, chunk);
            chunk = &chunk[taken..];
            match found {
                Found::Open => {}
                Found::Item(entry) => {
                    self.search = None;
                    self.filter.pass_item(entry.json.len());
                    self.pods.add(entry.hash, &entry.pod);
                    self.pods.holding.keep(entry.clone());
                }
                Found::Other(begun) => {
                    self.search = None;
                    self.filter(begun)?;
                }
            }
        }
        Ok(())
    }

    /// Looks at bytes up to the next edge; how many those were.
    fn filter(&mut self, chunk: &[u8]) -> Result<usize, ParseError> {
        let Self { filter, pods, search } = self;
        let mut ended = None;
        let (taken, edge) = filter.push_to_edge(chunk, &mut |item| ended = pods.take(item))?;
        match edge {
            Some(Edge::Before) => {
                pods.holding.begin();
                *search = pods.known.repeated.search();
            }
            Some(Edge::After) => {
                pods.holding.push(&chunk[..taken]);
                if let Some((hash, pod)) = ended {
                    pods.add(hash, &pod);
                    pods.holding.end(hash, pod);
                }
            }
            None => pods.holding.push(&chunk[..taken]),
        }
        Ok(taken)
    }

    /// The answer is complete: the list, the same as before where nothing has changed, and what is known for the next one.
    pub(crate) fn finish(mut self) -> Result<Known, ParseError> {
        if let Some(search) = self.search.take() {
            // It has ended inside an item.
            self.filter(search.begun(&self.pods.known.repeated))?;
        }
        let (head, is_too_large) = self.filter.finish()?;
        if is_too_large {
            return Err(serde_json::Error::custom("what stands beside the pods is too large").into());
        }
        check(head)?;
        Ok(self.pods.finish())
    }
}

/// Whether the list's own members are those of a pod list.
fn check(head: &[u8]) -> Result<(), ParseError> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow)]
        kind: Option<Text<'a>>,
        /// Null on a node without pods, as Go spells an empty list; missing only where this is no list. What was in it has
        /// been taken out.
        #[serde(default, deserialize_with = "crate::json::present")]
        items: Option<Option<[(); 0]>>,
    }
    let head: Head = serde_json::from_slice(head)?;
    let kind = head.kind.map(|kind| kind.0).unwrap_or_default();
    if kind != "PodList" {
        return Err(ParseError::Kind { expected: "PodList", found: kind.chars().take(64).collect() });
    }
    head.items.map(drop).ok_or_else(|| serde_json::Error::missing_field("items").into())
}

impl Gathered<'_> {
    /// The pod that an item is, and the hash of what is kept of it.
    fn take(&mut self, item: Item<'_>) -> Option<(u64, Arc<Pod>)> {
        if item.is_too_large {
            self.too_large += 1;
            return None;
        }
        let others = item.labels.as_ref().map(|labels| (&labels.others, labels.cut));
        let hash = self.known.hasher.hash_one((item.json, others));
        let known = self.known.pods.get(&hash).or_else(|| self.now.get(&hash)).cloned();
        let pod = known.or_else(|| read(item.json, item.labels).map(Arc::new));
        if pod.is_none() {
            self.skipped += 1;
        }
        Some((hash, pod?))
    }

    fn add(&mut self, hash: u64, pod: &Arc<Pod>) {
        let has_ended = pod.has_ended();
        if self.count == MOST_PODS {
            self.passed_over += 1;
            match self.ended.pop() {
                Some(place) if !has_ended => self.pods[place] = None,
                place => return self.ended.extend(place),
            }
            self.count -= 1;
        }
        if has_ended {
            self.ended.push(self.pods.len());
        }
        self.count += 1;
        self.pods.push(Some(pod.clone()));
        self.now.insert(hash, pod.clone());
    }

    fn finish(self) -> Known {
        let mut pods = Vec::with_capacity(self.count);
        pods.extend(self.pods.into_iter().flatten());
        let list = PodList { pods, skipped: self.skipped, too_large: self.too_large, passed_over: self.passed_over };
        let before = &self.known.list;
        let same = list.pods.len() == before.pods.len()
            && list.pods.iter().zip(&before.pods).all(|(one, other)| Arc::ptr_eq(one, other))
            && (list.skipped, list.too_large, list.passed_over)
                == (before.skipped, before.too_large, before.passed_over);
        let list = if same { before.clone() } else { Arc::new(list) };
        let (mut now, mut holding) = (self.now, self.holding);
        if list.passed_over > 0 {
            // Those that are not in the list are not held either.
            let listed: HashSet<*const Pod> = list.pods.iter().map(Arc::as_ptr).collect();
            now.retain(|_, pod| listed.contains(&Arc::as_ptr(pod)));
            holding.retain(|pod| listed.contains(&Arc::as_ptr(pod)));
        }
        let repeated = holding.finish(&self.known.repeated);
        Known { hasher: self.known.hasher.clone(), pods: now, repeated, list }
    }
}

impl Known {
    /// The list.
    pub(crate) fn list(&self) -> &Arc<PodList> {
        &self.list
    }
}

/// The pod that one item is; `None` where it is none.
fn read(json: &[u8], labels: Option<Labels>) -> Option<Pod> {
    let raw: raw::RawPod<'_> = serde_json::from_slice(json).ok()?;
    let mut pod = Pod::slim(raw)?;
    if let Some(labels) = labels {
        (pod.labels_cut, pod.other_labels) = (labels.cut, labels.others.into());
    }
    if pod.has_ended() {
        shorten(&mut pod);
    }
    Some(pod)
}

/// Leaves a pod that has ended the first of its labels.
fn shorten(pod: &mut Pod) {
    let mut bytes = 0;
    let fits = pod.labels.iter().take_while(|(name, value)| {
        bytes += name.len() + value.len();
        bytes <= LABEL_BYTES_OF_ENDED
    });
    let kept = fits.count();
    // `pod-template-hash` gives the Deployment's name.
    let hash = pod.labels.iter().skip(kept).position(|(name, _)| **name == *crate::owners::POD_TEMPLATE_HASH);
    let hash = hash.map(|place| pod.labels[kept + place].clone());
    pod.labels_cut =
        pod.labels_cut.saturating_add((pod.labels.len() - kept) as u32).saturating_sub(u32::from(hash.is_some()));
    pod.labels.truncate(kept);
    pod.labels.extend(hash);
    pod.labels.shrink_to_fit();
    pod.other_labels = Box::default();
}

impl Pod {
    /// Whether none of its containers will run again.
    pub fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }
}
