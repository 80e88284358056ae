//! Times of turns.
