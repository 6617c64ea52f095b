package dev.ridgeline.device;

/// `gemm/sm90a_wgmma`: what it computes, what it runs on, and its idea. Also the path of a CUDA
/// kernel's source without its suffix.
public record KernelId(String op, String arch, String idea) {
    @Override
    public String toString() {
        return op + "/" + arch + "_" + idea;
    }
}
