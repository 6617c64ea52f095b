package dev.ridgeline.bench.peers;

import dev.ridgeline.op.Epilogue;
import dev.ridgeline.op.Gemm;
import dev.ridgeline.oracle.BuildFolder;
import dev.ridgeline.tensor.HostBuffer;
import dev.ridgeline.tensor.Tensor;

import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandleProxies;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;

/// The matrix products of OpenBLAS and of oneDNN, through JavaCPP's bindings.
final class Blas {
    /// Both make OpenBLAS choose another kernel than the one for this processor.
    private static final List<String> OPENBLAS_OVERRIDES =
            List.of("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE");

    static {
        System.setProperty("org.bytedeco.javacpp.cachedir", BuildFolder.of("javacpp").toString());
    }

    private Blas() {}

    /// Refuses where the environment would make OpenBLAS slower than it is.
    static Peer<Gemm> openBlas(int threads) {
        return Peer.of(
                Gemm.class,
                "openblas",
                "sgemm",
                op -> overridden().or(() -> plain(op)),
                op -> {
                    Loader.load(openblas_nolapack.class);
                    openblas_nolapack.blas_set_num_threads(threads);
                    var call = new Call(op);
                    return stream ->
                            openblas_nolapack.cblas_sgemm(
                                    openblas_nolapack.CblasRowMajor,
                                    op.form().transposesA()
                                            ? openblas_nolapack.CblasTrans
                                            : openblas_nolapack.CblasNoTrans,
                                    op.form().transposesB()
                                            ? openblas_nolapack.CblasTrans
                                            : openblas_nolapack.CblasNoTrans,
                                    op.m(),
                                    op.n(),
                                    op.k(),
                                    1,
                                    call.a,
                                    op.a().dim(1),
                                    call.b,
                                    op.b().dim(1),
                                    call.beta,
                                    call.c,
                                    op.n());
                });
    }

    static Peer<Gemm> oneDnn(int threads) {
        return Peer.of(
                Gemm.class,
                "onednn",
                "sgemm",
                Blas::plain,
                op -> {
                    setOpenMpThreads(threads);
                    var call = new Call(op);
                    byte transA = (byte) (op.form().transposesA() ? 'T' : 'N');
                    byte transB = (byte) (op.form().transposesB() ? 'T' : 'N');
                    return stream -> {
                        int status =
                                dnnl.dnnl_sgemm(
                                        transA,
                                        transB,
                                        op.m(),
                                        op.n(),
                                        op.k(),
                                        1,
                                        call.a,
                                        op.a().dim(1),
                                        call.b,
                                        op.b().dim(1),
                                        call.beta,
                                        call.c,
                                        op.n());
                        if (status != dnnl.dnnl_success)
                            throw new IllegalStateException("dnnl_sgemm: status " + status);
                    };
                });
    }

    private static Optional<String> overridden() {
        return OPENBLAS_OVERRIDES.stream()
                .filter(variable -> System.getenv(variable) != null)
                .map(
                        variable ->
                                "%s=%s is set, which changes the kernels OpenBLAS chooses; unset it"
                                                .formatted(variable, System.getenv(variable))
                                        + " for a fair comparison")
                .findFirst();
    }

    private static Optional<String> plain(Gemm op) {
        return op.batch() == 1
                        && (op.epilogue().equals(Epilogue.NONE)
                                || op.epilogue().equals(Epilogue.ACCUMULATE))
                ? Optional.empty()
                : Optional.of("a BLAS takes one product without bias or activation");
    }

    /// The arguments both libraries share; keeps the pointers alive.
    private static final class Call {
        final FloatPointer a;
        final FloatPointer b;
        final FloatPointer c;
        final float beta;

        Call(Gemm op) {
            a = pointer(op.a());
            b = pointer(op.b());
            c = pointer(op.c());
            beta = op.epilogue().accumulate() ? 1 : 0;
        }

        private static FloatPointer pointer(Tensor t) {
            var bytes = HostBuffer.segment(t).asByteBuffer().order(ByteOrder.nativeOrder());
            return new FloatPointer(bytes.asFloatBuffer());
        }
    }

    /// oneDNN has no call for it: it runs as many threads as the OpenMP run-time it was linked with
    /// gives the calling thread.
    @SuppressWarnings("restricted")
    private static void setOpenMpThreads(int threads) {
        Loader.load(dnnl.class);
        var address =
                SymbolLookup.libraryLookup("libgomp.so.1", Arena.global())
                        .find("omp_set_num_threads")
                        .orElseThrow();
        var type = FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT);
        var call = Linker.nativeLinker().downcallHandle(address, type);
        MethodHandleProxies.asInterfaceInstance(IntConsumer.class, call).accept(threads);
    }
}
