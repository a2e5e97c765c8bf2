//! `generator`: a receiver of the tests only. It floods its pipelines with batches as fast as they let it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use component::{BuildError, BuildReceiver, Context, Process, Receipt, Receiver, Sink};
use model::{Attributes, Batch, Descriptor, Metric, Permit, Point, Record, UnixTime, Value};

confmap::config! {
    /// Makes batches without an end.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// Points in a batch.
        pub points: u32 = 1000,
        /// Bytes that a batch asks for.
        pub bytes: u32 = 100_000,
        /// Batches to make; 0 for as many as fit into its time.
        pub count: u32 = 0,
    }
}

struct Generator {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl BuildReceiver for Config {
    fn start(&self, context: Context, _: &Process<'_>, sink: Arc<dyn Sink>) -> Result<Box<dyn Receiver>, BuildError> {
        let stop = Arc::new(AtomicBool::new(false));
        let (config, stopped) = (self.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || config.flood(&context, &*sink, &stopped));
        Ok(Box::new(Generator { stop, thread }))
    }
}

impl Config {
    fn flood(&self, context: &Context, sink: &dyn Sink, stopped: &AtomicBool) {
        let count = |name| context.registry.counter(name, "", &[("receiver", &context.name)]);
        let (taken, refused, closed) =
            (count("generated_taken"), count("generated_refused"), count("generated_closed"));
        let mut answers = Vec::new();
        let mut made = 0;
        while !stopped.load(Ordering::Relaxed) && (self.count == 0 || made < self.count) {
            let Ok(permit) = sink.admit(self.bytes as usize) else {
                closed.add(1);
                std::thread::yield_now();
                continue;
            };
            let (receipt, answer) = Receipt::new();
            sink.send(self.batch(permit), receipt);
            made += 1;
            answers.push(answer);
            answers.retain_mut(|answer| match answer.try_recv() {
                Ok(Ok(())) => {
                    taken.add(1);
                    false
                }
                Ok(Err(_)) => {
                    refused.add(1);
                    false
                }
                Err(_) => true,
            });
        }
        for answer in answers {
            match answer.blocking_recv() {
                Ok(Ok(())) => taken.add(1),
                Ok(Err(_)) | Err(_) => refused.add(1),
            }
        }
    }

    fn batch(&self, permit: Permit) -> Batch {
        let metric = Metric::Other(Arc::new(Descriptor {
            name: "generated".into(),
            unit: "1".into(),
            description: "".into(),
            instrument: catalog::Instrument::Gauge,
        }));
        let points =
            (0..self.points).map(|value| Point { metric: metric.clone(), value: Value::Integer(value.into()) });
        let record = Record::of(Attributes::default(), UnixTime::from_millis(1), points.collect());
        Batch { records: vec![record], permits: vec![permit], ..Batch::default() }
    }
}

impl Receiver for Generator {
    fn stop(self: Box<Self>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it does not panic");
    }
}
