package dev.ridgeline.cuda;

import dev.ridgeline.device.Stream;

import java.util.Optional;

/// A CUDA stream. Its marks are events, of which it keeps a ring: a mark is good for as many marks
/// as the ring has places.
public final class CudaStream implements Stream {
    /// Marks of a training step with an event around each of some thousand kernels.
    private static final int MARKS = 8192;

    /// Long enough a batch for the clock of events, short enough for [Gate] if each launch is of a
    /// few kernels.
    private static final int MOST_HELD = 128;

    private record EventMark(CudaStream stream, long number) implements Mark {}

    private final Driver driver;
    private final Driver.Queue queue;
    private final DriverRecords.Event[] events = new DriverRecords.Event[MARKS];
    private Optional<Gate> gate = Optional.empty();
    private long marks;

    CudaStream(Driver driver) {
        this.driver = driver;
        queue = driver.queue();
    }

    void enqueue(LaunchStep[] steps) {
        for (var step : steps) {
            if (gate.isPresent()) gate.get().count(step.launches());
            driver.enqueue(step, queue);
        }
    }

    @Override
    public void hold() {
        if (gate.isEmpty()) gate = Optional.of(new Gate(driver, queue));
        gate.get().shut();
    }

    @Override
    public void release() {
        gate.ifPresent(Gate::open);
    }

    @Override
    public int mostHeld() {
        return MOST_HELD;
    }

    /// Why [#hold] does nothing; empty while it works, or was not tried.
    Optional<String> notHeld() {
        return gate.flatMap(Gate::broken);
    }

    Driver.Queue queue() {
        return queue;
    }

    Driver driver() {
        return driver;
    }

    @Override
    public Mark mark() {
        int place = place(marks);
        if (events[place] == null) events[place] = driver.records().event();
        driver.records().record(events[place], queue);
        return new EventMark(this, marks++);
    }

    @Override
    public double seconds(Mark from, Mark to) {
        return driver.records().seconds(event(from), event(to));
    }

    @Override
    public void await(Mark mark) {
        var stream = own(mark);
        // one that was recorded again since is waited for all the longer
        driver.records().await(stream.events[place(((EventMark) mark).number())], queue);
    }

    private CudaStream own(Mark mark) {
        if (mark instanceof EventMark event && event.stream().driver == driver)
            return event.stream();
        throw new IllegalArgumentException("a mark of another device");
    }

    private static int place(long number) {
        return (int) (number % MARKS);
    }

    private DriverRecords.Event event(Mark mark) {
        var stream = own(mark);
        long number = ((EventMark) mark).number();
        if (stream.marks - number > MARKS)
            throw new IllegalStateException(
                    "%d marks were made since this one, and a stream keeps %d"
                            .formatted(stream.marks - number, MARKS));
        return stream.events[place(number)];
    }

    @Override
    public void synchronize() {
        driver.synchronize(queue, "waiting for the stream");
    }

    @Override
    public void close() {
        gate.ifPresent(Gate::close);
        for (var event : events) if (event != null) driver.records().destroy(event);
        driver.destroy(queue);
    }
}
