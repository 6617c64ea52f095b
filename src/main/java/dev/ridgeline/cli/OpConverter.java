package dev.ridgeline.cli;

import dev.ridgeline.op.Op;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.Arrays;
import java.util.stream.Collectors;

/// An operation by its name.
final class OpConverter implements ITypeConverter<Class<? extends Op>> {
    @Override
    public Class<? extends Op> convert(String text) {
        var ops =
                Arrays.stream(Op.class.getPermittedSubclasses())
                        .<Class<? extends Op>>map(c -> c.asSubclass(Op.class))
                        .toList();
        return ops.stream()
                .filter(op -> Op.name(op).equals(text))
                .findFirst()
                .orElseThrow(
                        () ->
                                new TypeConversionException(
                                        "'%s' is none of %s"
                                                .formatted(
                                                        text,
                                                        ops.stream()
                                                                .map(Op::name)
                                                                .collect(
                                                                        Collectors.joining(
                                                                                ", ")))));
    }
}
