package dev.ridgeline.hardware;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// NVIDIA's architectures since tensor cores, in order. A generation says what a chip can execute,
/// never how fast: two SKUs of one compute capability differ by more than two generations do.
public enum Generation {
    VOLTA("Volta", "7.0", "7.2"),
    TURING("Turing", "7.5"),
    AMPERE("Ampere", "8.0", "8.6", "8.7"),
    ADA("Ada", "8.9"),
    HOPPER("Hopper", "9.0"),
    BLACKWELL("Blackwell", "10.0", "10.3", "11.0", "12.0", "12.1"),
    RUBIN("Rubin", "10.7"),
    FEYNMAN("Feynman");

    private final String label;
    private final List<ComputeCapability> computeCapabilities;

    Generation(String label, String... computeCapabilities) {
        this.label = label;
        this.computeCapabilities =
                Arrays.stream(computeCapabilities).map(ComputeCapability::of).toList();
    }

    public String label() {
        return label;
    }

    /// Empty where none is announced.
    public List<ComputeCapability> computeCapabilities() {
        return computeCapabilities;
    }

    public static Optional<Generation> of(ComputeCapability capability) {
        return Arrays.stream(values())
                .filter(g -> g.computeCapabilities.contains(capability))
                .findFirst();
    }
}
