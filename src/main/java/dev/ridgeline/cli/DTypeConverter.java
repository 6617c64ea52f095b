package dev.ridgeline.cli;

import dev.ridgeline.tensor.DType;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.List;

/// Element types that kernels compute with.
final class DTypeConverter implements ITypeConverter<DType> {
    private static final List<DType> REAL = List.of(DType.F32, DType.BF16);

    @Override
    public DType convert(String text) {
        return REAL.stream()
                .filter(d -> d.label().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(
                        () ->
                                new TypeConversionException(
                                        "'%s' is none of f32, bf16".formatted(text)));
    }
}
