"""Running one config: training with checkpoints, evaluation, record; resumable after any interruption."""
