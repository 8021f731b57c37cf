// In a thread of its own, so that the page stays responsive: trains a model for as long as it is told to, and answers
// with where it stands. It is stopped by telling it nothing more.
const STEPS = 50; // at least, so that telling the held-out loss takes a small part of the time wherever it is slow
let model;

onmessage = ({ data }) => {
  try {
    if (data.settings) model = new Model(data.settings);
    const until = performance.now() + data.milliseconds;
    const least = model.step + STEPS;
    while (!model.finished && (model.step < least || performance.now() < until)) model.advance();
    const digest = model.finished ? model.digest() : null;
    postMessage({ step: model.step, trained: model.trained(), loss: model.heldOutLoss(), digest });
  } catch (error) {
    if (!(error instanceof OutOfRange)) throw error;
    postMessage({ failed: error.message });
  }
};
