package dev.ridgeline.cli;

import dev.ridgeline.measure.workload.Suites.Product;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

import java.util.regex.Pattern;

/// A product as MxKxN: `256x768x2304`.
final class ProductConverter implements ITypeConverter<Product> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})x(\\d{1,9})x(\\d{1,9})");

    @Override
    public Product convert(String text) {
        var form = FORM.matcher(text);
        if (form.matches()) {
            int m = Integer.parseInt(form.group(1));
            int k = Integer.parseInt(form.group(2));
            int n = Integer.parseInt(form.group(3));
            if (m > 0 && k > 0 && n > 0) return new Product(m, k, n);
        }
        throw new TypeConversionException(
                "'%s' is not a shape: use MxKxN, as in 256x768x2304".formatted(text));
    }
}
