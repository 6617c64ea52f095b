package dev.ridgeline.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// A rate: `55GB/s`, `900MB/s`.
record LinkSpeed(double bytesPerSecond) {
    static final class Converter implements ITypeConverter<LinkSpeed> {
        @Override
        public LinkSpeed convert(String text) {
            try {
                var size = new ByteSize.Converter().convert(text.replaceFirst("/s$", ""));
                if (text.endsWith("/s") && !size.share()) return new LinkSpeed(size.value());
            } catch (TypeConversionException e) {
                // said below, with what would be right
            }
            throw new TypeConversionException("'%s' is no speed: use 55GB/s".formatted(text));
        }
    }
}
