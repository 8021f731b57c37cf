// In a thread of its own, so that the page stays responsive: trains a model for as long as it is told to, and answers
// with where it stands. It is stopped by telling it nothing more.
let model;

onmessage = ({ data }) => {
  try {
    if (data.settings) model = new Model(data.settings);
    const until = performance.now() + data.milliseconds;
    while (!model.finished && performance.now() < until) model.advance();
    const digest = model.finished ? model.digest() : null;
    postMessage({ step: model.step, trained: model.trained(), loss: model.heldOutLoss(), digest });
  } catch (error) {
    if (!(error instanceof OutOfRange)) throw error;
    postMessage({ failed: error.message });
  }
};
