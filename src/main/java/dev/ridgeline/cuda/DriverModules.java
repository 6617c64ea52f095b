package dev.ridgeline.cuda;

import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

import java.util.Set;

/// The driver's calls about compiled kernels on one device.
final class DriverModules {
    static final class Function extends CUfunction {
        long address() {
            return getNativePointer();
        }
    }

    static final class Module extends CUmodule {}

    /// `CUDA_ERROR_INVALID_IMAGE`, `_NO_BINARY_FOR_GPU`, `_INVALID_PTX`,
    /// `_UNSUPPORTED_PTX_VERSION`.
    private static final Set<Integer> UNREADABLE = Set.of(200, 209, 218, 222);

    private final Driver driver;

    DriverModules(Driver driver) {
        this.driver = driver;
    }

    /// @param what for the sentence of an error: the kernel's name
    Module load(byte[] image, String what) {
        driver.enter();
        var module = new Module();
        int code = JCudaDriver.cuModuleLoadData(module, image);
        if (UNREADABLE.contains(code)) {
            int version = DriverQueries.version();
            driver.check(
                    code,
                    "loading the %,d bytes of %s; this driver takes the code of CUDA up to %d.%d,"
                            + " and nvcc's of a newer one needs a newer driver",
                    image.length,
                    what,
                    version / 1000,
                    version % 1000 / 10);
        }
        driver.check(code, "loading the %,d bytes of %s", image.length, what);
        return module;
    }

    void unload(Module module) {
        if (driver.failure().isPresent()) return;
        driver.enter();
        driver.check(JCudaDriver.cuModuleUnload(module), "unloading a module");
    }

    Function function(Module module, String symbol) {
        driver.enter();
        var function = new Function();
        driver.check(
                JCudaDriver.cuModuleGetFunction(function, module, symbol),
                "looking for %s in its module",
                symbol);
        return function;
    }

    /// Lets a kernel have that much dynamic shared memory, which more than 48 KiB needs.
    void allowShared(Function function, int bytes, String symbol) {
        driver.enter();
        driver.check(
                JCudaDriver.cuFuncSetAttribute(
                        function,
                        CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                        bytes),
                "giving blocks of %s %,d bytes of shared memory",
                symbol,
                bytes);
    }

    /// Blocks of a kernel that run at once on one multiprocessor.
    int blocks(Function function, int threads, int sharedBytes, String symbol) {
        driver.enter();
        int[] blocks = new int[1];
        driver.check(
                JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
                        blocks, function, threads, sharedBytes),
                "asking how many blocks of %s with %d threads and %,d bytes fit",
                symbol,
                threads,
                sharedBytes);
        return blocks[0];
    }

    /// Of a thread; 0 where the driver does not tell.
    int registers(Function function) {
        return attribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_NUM_REGS);
    }

    /// Bytes of a thread's memory that registers did not hold.
    int localBytes(Function function) {
        return attribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
    }

    /// Bytes of shared memory that a block has whatever the launch says.
    int staticBytes(Function function) {
        return attribute(function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
    }

    private int attribute(Function function, int attribute) {
        driver.enter();
        int[] value = new int[1];
        int code = JCudaDriver.cuFuncGetAttribute(value, attribute, function);
        if (code == CUresult.CUDA_ERROR_NOT_SUPPORTED) return 0;
        driver.check(code, "asking for attribute %d of a kernel", attribute);
        return value[0];
    }
}
