//! Handlers at work, all on one thread: whoever is ready may be polled next, and chance says who.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Something that is being done and ends in a `T`.
pub(crate) type Act<T> = Pin<Box<dyn Future<Output = T>>>;

/// What is being done.
pub(crate) struct Stage<T> {
    acts: Vec<Playing<T>>,
    started: u64,
}

struct Playing<T> {
    number: u64,
    act: Act<T>,
    ready: Arc<Ready>,
    deadline: i64,
}

/// Whether it makes sense to poll.
struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl<T> Default for Stage<T> {
    fn default() -> Self {
        Self { acts: Vec::new(), started: 0 }
    }
}

impl<T> Stage<T> {
    /// The number that the next act gets; from 1.
    pub(crate) const fn next_number(&self) -> u64 {
        self.started + 1
    }

    /// Begins `act`, which is given up at `deadline`.
    pub(crate) fn begin(&mut self, act: Act<T>, deadline: i64) {
        self.started += 1;
        let ready = Arc::new(Ready(AtomicBool::new(true)));
        self.acts.push(Playing { number: self.started, act, ready, deadline });
    }

    /// How many go on.
    pub(crate) fn len(&self) -> usize {
        self.acts.len()
    }

    /// The places of those that can be polled.
    pub(crate) fn ready(&self) -> Vec<usize> {
        (0..self.acts.len()).filter(|place| self.acts[*place].ready.0.load(Ordering::SeqCst)).collect()
    }

    /// Who plays at `place`.
    pub(crate) fn number(&self, place: usize) -> u64 {
        self.acts[place].number
    }

    /// Polls the act at `place` once; gives its number and its end when it ended.
    pub(crate) fn poll(&mut self, place: usize) -> Option<(u64, T)> {
        let playing = &mut self.acts[place];
        playing.ready.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&playing.ready));
        match playing.act.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => None,
            Poll::Ready(end) => Some((self.acts.remove(place).number, end)),
        }
    }

    /// Drops the act at `place` where it stands: the process is gone, and whatever it had begun outside is as it is.
    pub(crate) fn kill(&mut self, place: usize) -> u64 {
        self.acts.remove(place).number
    }

    /// Drops whatever takes longer than it may; gives the numbers.
    pub(crate) fn time_out(&mut self, now: i64) -> Vec<u64> {
        let (late, rest) = std::mem::take(&mut self.acts).into_iter().partition::<Vec<_>, _>(|playing| playing.deadline < now);
        self.acts = rest;
        late.into_iter().map(|playing| playing.number).collect()
    }
}
