package dev.ridgeline.cli;

import dev.ridgeline.model.StepOptions;
import dev.ridgeline.tensor.DType;

import picocli.CommandLine.Option;

/// How many tokens a timed step takes, and in what precision.
final class BatchOptions {
    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Sequences at once (default: ${DEFAULT-VALUE}).")
    private int batch = 4;

    @Option(
            names = "--seq",
            paramLabel = "N",
            description = "Tokens of a sequence (default: ${DEFAULT-VALUE}).")
    private int sequence = 64;

    @Option(
            names = "--micro-batches",
            paramLabel = "N",
            description = "Batches whose gradients make one step (default: ${DEFAULT-VALUE}).")
    private int microBatches = 1;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = DTypeConverter.class,
            description = "f32, or bf16 with f32 weights (default: f32).")
    private DType dtype = DType.F32;

    StepOptions step() {
        return StepOptions.of(batch, sequence).withMicroBatches(microBatches).withDtype(dtype);
    }
}
