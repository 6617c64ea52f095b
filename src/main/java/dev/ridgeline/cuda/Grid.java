package dev.ridgeline.cuda;

/// Blocks of a launch along each axis.
record Grid(int x, int y, int z) {
    /// What every device takes along y and z; x goes to 2^31 - 1.
    private static final int MOST = 65_535;

    Grid {
        if (x < 1 || y < 1 || z < 1 || y > MOST || z > MOST)
            throw new IllegalArgumentException(
                    "a grid of %d x %d x %d blocks: x must be positive, y and z in [1, %d]"
                            .formatted(x, y, z, MOST));
    }

    static Grid grid(int x) {
        return new Grid(x, 1, 1);
    }

    static Grid grid(int x, int y) {
        return new Grid(x, y, 1);
    }

    static Grid grid(int x, int y, int z) {
        return new Grid(x, y, z);
    }

    @Override
    public String toString() {
        return "%d x %d x %d".formatted(x, y, z);
    }
}
