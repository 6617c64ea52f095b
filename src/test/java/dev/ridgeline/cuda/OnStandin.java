package dev.ridgeline.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/// Tests on one device of the stand-in driver; skipped where that is not on the loader's path.
public abstract class OnStandin {
    protected static CudaDevice device;

    @BeforeAll
    protected static void open() {
        assumeTrue(Cuda.standin(), "the stand-in driver is not on the loader's path");
        device = CudaDevice.open(0, free -> free);
    }

    @AfterAll
    protected static void close() {
        if (device == null) return;
        device.close();
        device = null;
    }
}
