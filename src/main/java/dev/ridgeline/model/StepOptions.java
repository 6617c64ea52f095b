package dev.ridgeline.model;

import dev.ridgeline.tensor.DType;

/// How a model is trained.
///
/// @param batch sequences that pass through the model at once
/// @param sequence tokens of each
/// @param microBatches batches whose gradients are added up before the weights change
/// @param dtype of the computation: f32, or bf16 with f32 weights and gradients
/// @param optimizer AdamW's constants
/// @param clip largest norm of all gradients together; infinite for no clipping
public record StepOptions(
        int batch,
        int sequence,
        int microBatches,
        DType dtype,
        boolean recompute,
        Optimizer optimizer,
        double clip) {
    /// @param decay of the matrices; biases and norms do not decay
    public record Optimizer(double beta1, double beta2, double eps, double decay) {
        /// GPT-3's (arXiv 2005.14165, appendix B).
        public static final Optimizer GPT3 = new Optimizer(0.9, 0.95, 1e-8, 0.1);
    }

    public StepOptions {
        if (batch < 1 || sequence < 1 || microBatches < 1)
            throw new InvalidModel("batch, sequence and micro-batches must be at least 1");
        if (dtype == DType.I32) throw new InvalidModel("a model computes in f32 or bf16");
    }

    /// One batch, f32, nothing recomputed, GPT-3's optimizer, gradients clipped at 1.
    public static StepOptions of(int batch, int sequence) {
        return new StepOptions(batch, sequence, 1, DType.F32, false, Optimizer.GPT3, 1);
    }

    public StepOptions withDtype(DType other) {
        return new StepOptions(batch, sequence, microBatches, other, recompute, optimizer, clip);
    }

    public StepOptions withRecompute(boolean other) {
        return new StepOptions(batch, sequence, microBatches, dtype, other, optimizer, clip);
    }

    public StepOptions withBatch(int other) {
        return new StepOptions(other, sequence, microBatches, dtype, recompute, optimizer, clip);
    }

    public StepOptions withSequence(int other) {
        return new StepOptions(batch, other, microBatches, dtype, recompute, optimizer, clip);
    }

    public StepOptions withMicroBatches(int other) {
        return new StepOptions(batch, sequence, other, dtype, recompute, optimizer, clip);
    }

    /// Tokens of one step.
    public int tokens() {
        return Math.multiplyExact(Math.multiplyExact(batch, sequence), microBatches);
    }
}
