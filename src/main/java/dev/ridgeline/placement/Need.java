package dev.ridgeline.placement;

import java.util.OptionalInt;

/// The fewest devices that hold a model.
public final class Need {
    /// More than there are anywhere.
    private static final int MOST = 1 << 22;

    private Need() {}

    /// @param placement on any number of devices
    /// @param usable bytes of each
    /// @return empty if no number is enough, because what every copy has is too large
    public static OptionalInt devices(Placement placement, long usable, boolean training) {
        int model = placement.layout().tensor() * placement.layout().stages();
        int low = 1;
        int high = MOST / model;
        if (!fits(placement, high * model, usable, training)) return OptionalInt.empty();
        while (low < high) {
            int middle = (low + high) / 2;
            if (fits(placement, middle * model, usable, training)) high = middle;
            else low = middle + 1;
        }
        return OptionalInt.of(low * model);
    }

    private static boolean fits(Placement placement, int devices, long usable, boolean training) {
        var spread = placement.on(devices);
        return Demand.of(spread, Demand.largest(spread, training), training).total() <= usable;
    }
}
