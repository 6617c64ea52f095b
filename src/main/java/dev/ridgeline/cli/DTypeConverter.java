package dev.ridgeline.cli;

import dev.ridgeline.tensor.DType;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.List;
import java.util.stream.Collectors;

/// Element types that kernels compute with.
class DTypeConverter implements ITypeConverter<DType> {
    /// Those of matrix products, which take more than the other operations.
    static final class Factors extends DTypeConverter {
        Factors() {
            super(DType.F32, DType.BF16, DType.F16, DType.F8_E4M3, DType.F8_E5M2);
        }
    }

    private final List<DType> known;

    DTypeConverter() {
        this(DType.F32, DType.BF16);
    }

    private DTypeConverter(DType... known) {
        this.known = List.of(known);
    }

    @Override
    public DType convert(String text) {
        return known.stream()
                .filter(d -> d.label().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(
                        () ->
                                new TypeConversionException(
                                        "'%s' is none of %s".formatted(text, names())));
    }

    private String names() {
        return known.stream().map(DType::label).collect(Collectors.joining(", "));
    }
}
