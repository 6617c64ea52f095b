package dev.ridgeline.oracle;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// A function written in TorchScript, so that Java can call any PyTorch operator, autograd
/// included, without a Python that exports it.
///
/// PyTorch loads such code from an archive: a zip of the source text of a module and a pickle of
/// its fields. Both are simple enough to write here (PyTorch,
/// `torch/csrc/jit/docs/serialization.md`).
///
/// ```
/// var softmax = TorchScript.of(manager, """
///         x, dy = inputs
///         self.track([x])
///         y = torch.softmax(x, 1)
///         return [y] + self.gradients(y, dy, [x])
///         """);
/// ```
///
/// The body sees `inputs: List[Tensor]` and returns a list of tensors. `self.track(xs)` asks for
/// derivatives with respect to `xs`; `self.gradients(y, dy, xs)` pulls `dy` back through `y` to
/// them.
public final class TorchScript implements AutoCloseable {
    private static final String MODULE =
            """
            class M(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
              _is_full_backward_hook : Optional[bool]
              def track(self: __torch__.M, xs: List[Tensor]) -> None:
                torch.set_grad_enabled(True)
                for i in range(len(xs)):
                  xs[i].requires_grad_(True)
              def gradients(self: __torch__.M, y: Tensor, dy: Tensor, xs: List[Tensor]) -> List[Tensor]:
                found = torch.grad([torch.sum(y * dy)], xs)
                gradients = annotate(List[Tensor], [])
                for i in range(len(found)):
                  torch.append(gradients, torch._unwrap_optional(found[i]))
                return gradients
              def forward(self: __torch__.M, inputs: List[Tensor]) -> List[Tensor]:
            """;

    /// An instance of `__torch__.M` with `training = True` and `_is_full_backward_hook = None`, in
    /// pickle protocol 2.
    private static final byte[] FIELDS =
            ("\u0080\u0002c__torch__\nM\n)\u0081}("
                            + ("X" + (char) 8 + "\0\0\0training\u0088")
                            + ("X" + (char) 22 + "\0\0\0_is_full_backward_hookNub."))
                    .getBytes(ISO_8859_1);

    private static final byte[] NO_CONSTANTS = "\u0080\u0002).".getBytes(ISO_8859_1);

    private final NDManager manager;
    private final Model model;

    private TorchScript(NDManager manager, Model model) {
        this.manager = manager;
        this.model = model;
    }

    /// @throws ai.djl.engine.EngineException with PyTorch's message if the body does not compile
    public static TorchScript of(NDManager manager, String body) {
        var model = Model.newInstance("M", "PyTorch");
        try {
            model.load(new ByteArrayInputStream(archive(MODULE + body.indent(4))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (MalformedModelException e) {
            throw new IllegalArgumentException(e);
        }
        return new TorchScript(manager, model);
    }

    /// Calls the function; the caller closes what it returns.
    ///
    /// @param inference drops all bookkeeping for autograd, as timed code wants it
    public NDList run(NDList inputs, boolean inference) {
        // DJL gathers arrays of this name into one argument of type List[Tensor]
        for (var input : inputs) input.setName("inputs[]");
        return model.getBlock().forward(new ParameterStore(manager, false), inputs, !inference);
    }

    private static byte[] archive(String code) throws IOException {
        var files = new LinkedHashMap<String, byte[]>();
        files.put("M/data.pkl", FIELDS);
        files.put("M/code/__torch__.py", code.getBytes(UTF_8));
        files.put("M/constants.pkl", NO_CONSTANTS);
        files.put("M/version", "10\n".getBytes(UTF_8));
        var bytes = new ByteArrayOutputStream();
        try (var zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (var file : files.entrySet()) {
                var entry = new ZipEntry(file.getKey());
                var crc = new CRC32();
                crc.update(file.getValue());
                entry.setCrc(crc.getValue());
                entry.setSize(file.getValue().length);
                zip.putNextEntry(entry);
                zip.write(file.getValue());
                zip.closeEntry();
            }
        }
        return bytes.toByteArray();
    }

    @Override
    public void close() {
        model.close();
    }
}
