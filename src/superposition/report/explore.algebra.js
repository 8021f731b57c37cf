// What is computed of weights to draw them. W is flat, [hidden, feature].
const Algebra = (() => {
  const thousandths = (values) => values.map((value) => value / 1000);

  // W^T W, flat.
  function gram(W, n, m) {
    const found = new Array(n * n).fill(0);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) for (let k = 0; k < m; k++) found[i * n + j] += W[k * n + i] * W[k * n + j];
    return found;
  }

  // W in the plane, rotated or mirrored so that it is as close to another one as possible: models do not know where up is.
  function aligned(W, other, n) {
    let best = W, least = Infinity;
    for (const mirror of [1, -1]) {
      let along = 0, across = 0;
      for (let i = 0; i < n; i++) {
        const [x, y, u, v] = [W[i], mirror * W[n + i], other[i], other[n + i]];
        along += x * u + y * v;
        across += x * v - y * u;
      }
      const size = Math.hypot(along, across) || 1, cos = along / size, sin = across / size;
      const turned = W.map((_, k) => (k < n ? cos * W[k] - sin * mirror * W[n + k] : sin * W[k - n] + cos * mirror * W[k]));
      const distance = turned.reduce((sum, value, k) => sum + (value - other[k]) ** 2, 0);
      if (distance < least) [best, least] = [turned, distance];
    }
    return best;
  }

  // Eigenvalues, largest first, and eigenvectors of a symmetric matrix (rows), by Jacobi's rotations.
  function eigen(matrix) {
    const n = matrix.length, A = matrix.map((row) => [...row]);
    const V = A.map((_, i) => A.map((_, j) => Number(i === j)));
    for (let sweep = 0; sweep < 30; sweep++) {
      let off = 0;
      for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) {
        off += A[p][q] ** 2;
        if (Math.abs(A[p][q]) < 1e-12) continue;
        const theta = (A[q][q] - A[p][p]) / (2 * A[p][q]);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1)), c = 1 / Math.hypot(t, 1), s = t * c;
        for (let k = 0; k < n; k++) [A[k][p], A[k][q]] = [c * A[k][p] - s * A[k][q], s * A[k][p] + c * A[k][q]];
        for (let k = 0; k < n; k++) [A[p][k], A[q][k]] = [c * A[p][k] - s * A[q][k], s * A[p][k] + c * A[q][k]];
        for (let k = 0; k < n; k++) [V[k][p], V[k][q]] = [c * V[k][p] - s * V[k][q], s * V[k][p] + c * V[k][q]];
      }
      if (off < 1e-18) break;
    }
    return A.map((row, i) => ({ value: row[i], vector: V.map((line) => line[i]) })).sort((a, b) => b.value - a.value);
  }

  // Places in three dimensions of vectors with these products: the first three of the dimensions that they span.
  function places(products) {
    const found = eigen(products);
    const axes = found.slice(0, 3).map(({ value, vector }) => vector.map((x) => x * Math.sqrt(Math.max(0, value))));
    const rank = found.filter(({ value }) => value > 0.1 * found[0].value).length;
    return { rank, places: products.map((_, i) => [0, 1, 2].map((k) => (axes[k] ? axes[k][i] : 0))) };
  }

  return { thousandths, gram, aligned, places };
})();
