package dev.ridgeline.placement;

import dev.ridgeline.hardware.Catalog;
import dev.ridgeline.hardware.Figure;
import dev.ridgeline.hardware.Quantity;
import dev.ridgeline.hardware.Sku;
import dev.ridgeline.model.InvalidModel;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// A device to plan for.
///
/// @param capacity bytes
public record Part(String name, long capacity, Sku sku) {
    /// As a driver reports its memory, or else as it is sold.
    ///
    /// @param name an id of the catalog or its beginning: `h100` is the first H100
    /// @throws InvalidModel if the catalog has none, or not its memory
    public static Part of(String name) {
        var skus = Catalog.load().skus();
        var sku =
                skus.stream()
                        .filter(s -> s.id().equals(name) || s.id().startsWith(name + "-"))
                        .findFirst()
                        .orElseThrow(
                                () ->
                                        new InvalidModel(
                                                "there is no part '%s'; there are %s",
                                                name,
                                                skus.stream()
                                                        .map(Sku::id)
                                                        .collect(Collectors.joining(", "))));
        var memory =
                sku.figure(Quantity.VISIBLE_MEMORY)
                        .or(() -> sku.figure(Quantity.MEMORY))
                        .orElseThrow(
                                () ->
                                        new InvalidModel(
                                                "the catalog does not know the memory of %s",
                                                sku.id()));
        return new Part(sku.name(), (long) memory.value(), sku);
    }

    /// Parts of 80, 141, 192 and 288 GB, as they are sold; the B200 shipped with less than was
    /// announced and is there with both.
    public static List<Part> usual() {
        return List.of(
                sold("h100-sxm5-80gb", Quantity.MEMORY),
                sold("h200-sxm-141gb", Quantity.MEMORY),
                sold("b200-sxm", Quantity.MEMORY),
                sold("b200-sxm", Quantity.ANNOUNCED_MEMORY),
                sold("gb300", Quantity.MEMORY));
    }

    private static Part sold(String id, Quantity memory) {
        var sku = Catalog.load().sku(id).orElseThrow();
        double bytes = sku.figure(memory).map(Figure::value).orElseThrow();
        var name = memory == Quantity.ANNOUNCED_MEMORY ? sku.name() + " as announced" : sku.name();
        return new Part(name, (long) bytes, sku);
    }

    /// Bytes per second in one direction between devices: half of what NVLink has both ways, or the
    /// host's link where there is no NVLink.
    public Optional<Double> peerLink() {
        return sku.figure(Quantity.NVLINK).map(f -> f.value() / 2).or(this::hostLink);
    }

    public Optional<Double> hostLink() {
        return sku.figure(Quantity.HOST_LINK).map(Figure::value);
    }
}
