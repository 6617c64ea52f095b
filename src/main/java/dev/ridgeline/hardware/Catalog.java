package dev.ridgeline.hardware;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/// NVIDIA's parts from V100 on, as far as public figures go. The data is `catalog.json`, one line
/// and one source per figure.
public final class Catalog {
    /// A driver reports a little less than the nominal capacity, GB300 0.96 of it; a slice (MIG) or
    /// another part of the same name, a good deal less.
    private static final double LEAST_VISIBLE = 0.9;

    private static final double MOST_VISIBLE = 1.02;

    private final List<Sku> skus;

    Catalog(List<Sku> skus) {
        this.skus = List.copyOf(skus);
    }

    private static final class Holder {
        static final Catalog CATALOG = new Catalog(CatalogReader.read());
    }

    /// The catalog that is part of Ridgeline, read at the first call.
    public static Catalog load() {
        return Holder.CATALOG;
    }

    /// By generation, oldest first.
    public List<Sku> skus() {
        return skus;
    }

    /// @param id such as `h100-sxm5-80gb`
    public Optional<Sku> sku(String id) {
        return skus.stream().filter(s -> s.id().equals(id)).findFirst();
    }

    /// The part that a driver calls `deviceName`. Empty for a name the catalog does not have, or
    /// that several parts share: `NVIDIA H100 NVL` is not an H100 PCIe, and guessing would make a
    /// wrong MFU.
    public Optional<Sku> find(String deviceName) {
        return only(s -> named(s, deviceName));
    }

    /// The same, and the part's memory must agree with what the driver reports. This tells parts of
    /// one name apart, and a slice of a part from the whole.
    ///
    /// @param memory bytes
    public Optional<Sku> find(String deviceName, long memory) {
        return only(s -> named(s, deviceName) && agrees(s, memory));
    }

    private Optional<Sku> only(Predicate<Sku> wanted) {
        var found = skus.stream().filter(wanted).toList();
        return found.size() == 1 ? Optional.of(found.getFirst()) : Optional.empty();
    }

    private static boolean named(Sku sku, String deviceName) {
        var wanted = normalized(deviceName);
        return sku.deviceNames().stream().anyMatch(n -> normalized(n).equals(wanted));
    }

    /// Older drivers leave out the vendor.
    private static String normalized(String deviceName) {
        return deviceName
                .strip()
                .replaceAll("\\s+", " ")
                .toLowerCase(Locale.ROOT)
                .replaceFirst("^nvidia ", "");
    }

    private static boolean agrees(Sku sku, long memory) {
        return sku.figure(Quantity.MEMORY)
                .map(Figure::value)
                .filter(m -> memory >= LEAST_VISIBLE * m && memory <= MOST_VISIBLE * m)
                .isPresent();
    }
}
