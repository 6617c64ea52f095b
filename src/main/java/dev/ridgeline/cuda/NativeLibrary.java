package dev.ridgeline.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandleProxies;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/// A C library and its functions, each as an instance of a Java interface with one method: numbers
/// are passed as they are, a `MemorySegment` as its address. A `long` also stands for a pointer or
/// a handle that Java does not look into.
final class NativeLibrary {
    private final String path;
    private final SymbolLookup symbols;
    private final Map<String, Object> calls = new ConcurrentHashMap<>();

    private NativeLibrary(String path, SymbolLookup symbols) {
        this.path = path;
        this.symbols = symbols;
    }

    /// As it was given to the loader: a file, or a name that the loader looked up.
    String path() {
        return path;
    }

    /// Opens a library for the rest of the process; empty if the loader does not find it, or it
    /// needs another one that is not found.
    @SuppressWarnings("restricted") // opening a library runs its initialisers
    static Optional<NativeLibrary> open(String path) {
        try {
            return Optional.of(
                    new NativeLibrary(path, SymbolLookup.libraryLookup(path, Arena.global())));
        } catch (IllegalArgumentException absent) {
            return Optional.empty();
        }
    }

    /// @param signature a public interface with one method
    /// @throws IllegalStateException if the library has no such function: it is another version
    <T> T call(String function, Class<T> signature) {
        return find(function, signature)
                .orElseThrow(
                        () -> new IllegalStateException("%s has no %s".formatted(path, function)));
    }

    /// The same; empty if the library has no such function.
    <T> Optional<T> find(String function, Class<T> signature) {
        return symbols.find(function)
                .map(
                        address ->
                                signature.cast(
                                        calls.computeIfAbsent(
                                                function, _ -> bound(address, signature))));
    }

    @SuppressWarnings("restricted") // the signatures are those of the vendors' headers
    private static <T> T bound(MemorySegment address, Class<T> signature) {
        return MethodHandleProxies.asInterfaceInstance(
                signature,
                Linker.nativeLinker().downcallHandle(address, descriptor(only(signature))));
    }

    private static Method only(Class<?> signature) {
        return Stream.of(signature.getMethods())
                .filter(m -> Modifier.isAbstract(m.getModifiers()))
                .findFirst()
                .orElseThrow();
    }

    private static FunctionDescriptor descriptor(Method method) {
        var arguments =
                Arrays.stream(method.getParameterTypes())
                        .map(NativeLibrary::layout)
                        .toArray(MemoryLayout[]::new);
        return method.getReturnType() == void.class
                ? FunctionDescriptor.ofVoid(arguments)
                : FunctionDescriptor.of(layout(method.getReturnType()), arguments);
    }

    private static MemoryLayout layout(Class<?> type) {
        if (type == byte.class) return ValueLayout.JAVA_BYTE;
        if (type == int.class) return ValueLayout.JAVA_INT;
        if (type == long.class) return ValueLayout.JAVA_LONG;
        if (type == float.class) return ValueLayout.JAVA_FLOAT;
        if (type == double.class) return ValueLayout.JAVA_DOUBLE;
        if (type == MemorySegment.class) return ValueLayout.ADDRESS;
        throw new IllegalArgumentException("a C function takes no " + type);
    }

    /// The string at an address that a library returned.
    @SuppressWarnings("restricted") // C strings end in zero
    static String text(long address) {
        return MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE).getString(0);
    }
}
