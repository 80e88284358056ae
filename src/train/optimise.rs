//! Minimises a smooth convex function: limited-memory BFGS (Nocedal 1980; Nocedal & Wright 2006, algorithm 7.5) with a
//! backtracking line search (Armijo). No randomness, one thread: the same input gives the same bits.

/// Remembered steps.
const MEMORY: usize = 10;

/// Finds the least value of `f`, which returns its value at a point and writes its gradient there, from `x` on.
///
/// Ends after `steps` steps or when the gradient is small against the point.
pub fn minimise(mut f: impl FnMut(&[f64], &mut [f64]) -> f64, mut x: Vec<f64>, steps: usize) -> Vec<f64> {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    let mut value = f(&x, &mut gradient);
    let mut memory: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    for _ in 0..steps {
        if norm(&gradient) <= 1e-5 * norm(&x).max(1.0) {
            break;
        }
        let mut direction = direction(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding may spoil the remembered steps; the gradient always leads down.
            memory.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = dot(&direction, &gradient);
        }
        let mut step = if memory.is_empty() { 1.0 / norm(&gradient).max(1.0) } else { 1.0 };
        let mut next = vec![0.0; n];
        let mut next_gradient = vec![0.0; n];
        let mut next_value = f64::INFINITY;
        for _ in 0..40 {
            next.iter_mut().zip(x.iter().zip(&direction)).for_each(|(t, (x, d))| *t = x + step * d);
            next_value = f(&next, &mut next_gradient);
            if next_value <= value + 1e-4 * step * slope {
                break;
            }
            step /= 2.0;
        }
        if !next_value.is_finite() || next_value >= value {
            break;
        }
        let s: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-12 {
            if memory.len() == MEMORY {
                memory.remove(0);
            }
            memory.push((s, y, 1.0 / curvature));
        }
        (x, gradient, value) = (next, next_gradient, next_value);
    }
    x
}

fn direction(gradient: &[f64], memory: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(memory.len());
    for (s, y, rho) in memory.iter().rev() {
        let alpha = rho * dot(s, &q);
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= alpha * y);
        alphas.push(alpha);
    }
    if let Some((s, y, _)) = memory.last() {
        let scale = dot(s, y) / dot(y, y);
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y, rho), alpha) in memory.iter().zip(alphas.iter().rev()) {
        let beta = rho * dot(y, &q);
        q.iter_mut().zip(s).for_each(|(q, s)| *q += (alpha - beta) * s);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bowl_and_a_bent_valley_have_their_least_where_they_should() {
        let bowl = |x: &[f64], g: &mut [f64]| {
            g.iter_mut().enumerate().for_each(|(i, g)| *g = 2.0 * (i + 1) as f64 * (x[i] - i as f64));
            x.iter().enumerate().map(|(i, x)| (i + 1) as f64 * (x - i as f64).powi(2)).sum()
        };
        let x = minimise(bowl, vec![5.0; 6], 100);
        assert!(x.iter().enumerate().all(|(i, x)| (x - i as f64).abs() < 1e-4), "{x:?}");
        // Rosenbrock's valley.
        let valley = |x: &[f64], g: &mut [f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        };
        let x = minimise(valley, vec![-1.2, 1.0], 200);
        assert!((x[0] - 1.0).abs() < 1e-3 && (x[1] - 1.0).abs() < 1e-3, "{x:?}");
    }
}
