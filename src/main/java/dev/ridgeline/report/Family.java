package dev.ridgeline.report;

import static dev.ridgeline.report.Markup.at;
import static dev.ridgeline.report.Markup.css;
import static dev.ridgeline.report.Markup.el;

import java.util.Locale;

/// Kinds of op that a reader tells apart in a plot: by colour, and without colour by shape.
enum Family {
    MATMUL("matrix multiply", "M-4-4H4V4H-4Z"),
    ATTENTION("attention", "M0-5.5L5.5 0 0 5.5-5.5 0Z"),
    REDUCTION("norm, softmax, loss", "M0-5.2L5 3.8H-5Z"),
    ELEMENTWISE("elementwise, position", "M-4.5 0A4.5 4.5 0 1 1 4.5 0A4.5 4.5 0 1 1-4.5 0Z"),
    OPTIMIZER("optimizer", "M0 5.2L5-3.8H-5Z"),
    CEILING("stream, FMA loop", "M-1.6-5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z");

    private final String label;
    private final String outline;

    Family(String label, String outline) {
        this.label = label;
        this.outline = outline;
    }

    static Family of(String op) {
        if (op.startsWith("attention")) return ATTENTION;
        return switch (op) {
            case "gemm" -> MATMUL;
            case "adam_w" -> OPTIMIZER;
            case "copy", "scale", "triad", "fma_loop" -> CEILING;
            case "softmax",
                    "softmax_backward",
                    "cross_entropy",
                    "rms_norm",
                    "rms_norm_backward",
                    "layer_norm",
                    "layer_norm_backward",
                    "bias_gradient" ->
                    REDUCTION;
            default -> ELEMENTWISE;
        };
    }

    String label() {
        return label;
    }

    /// The style sheet's class that sets the colour.
    String style() {
        return "family-" + name().toLowerCase(Locale.ROOT);
    }

    /// About 10 x 10, centred on the origin.
    Markup marker() {
        return el("path", css("marker"), at("d", outline));
    }
}
