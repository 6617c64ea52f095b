package dev.ridgeline.residency;

import dev.ridgeline.op.Op;
import dev.ridgeline.tensor.Tensor;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/// The tensors of any op, found in the components of its record: tensors, optional ones, and those
/// of records inside (an epilogue's).
final class Operands {
    private Operands() {}

    /// The same op on other tensors.
    @SuppressWarnings("unchecked") // a record is rebuilt as what it was
    static <O extends Op> O moved(O op, UnaryOperator<Tensor> to) {
        return (O) rebuilt((Record) op, to);
    }

    static List<Tensor> of(Op op) {
        var found = new ArrayList<Tensor>();
        moved(
                op,
                t -> {
                    found.add(t);
                    return t;
                });
        return found;
    }

    /// What decides how long an op takes, as text: its name, the shapes and strides of its tensors,
    /// and its constants.
    static String signature(Op op) {
        return op.name() + described((Record) op);
    }

    private static Record rebuilt(Record record, UnaryOperator<Tensor> to) {
        var components = record.getClass().getRecordComponents();
        var types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class[]::new);
        var values = Arrays.stream(components).map(c -> replaced(value(record, c), to)).toArray();
        try {
            return record.getClass().getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot rebuild " + record, e);
        }
    }

    private static Object replaced(Object value, UnaryOperator<Tensor> to) {
        return switch (value) {
            case Tensor t -> to.apply(t);
            case Optional<?> o -> o.map(inner -> replaced(inner, to));
            case Record r -> rebuilt(r, to);
            default -> value;
        };
    }

    private static String described(Object value) {
        return switch (value) {
            case Tensor t -> t.dtype().label() + t.shape() + t.strides();
            case Optional<?> o -> o.map(Operands::described).orElse("-");
            case Record r ->
                    Arrays.stream(r.getClass().getRecordComponents())
                            .map(c -> described(value(r, c)))
                            .collect(Collectors.joining(" ", "(", ")"));
            default -> value.toString();
        };
    }

    private static Object value(Record record, RecordComponent component) {
        try {
            return component.getAccessor().invoke(record);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("cannot read " + component, e);
        }
    }
}
