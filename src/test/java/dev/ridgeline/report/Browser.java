package dev.ridgeline.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/// One page of a headless Chromium from the system, driven by its DevTools protocol over a local
/// websocket. Small enough not to need a driver that brings its own browsers.
final class Browser {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final WebSocket socket;
    private final String session;
    private final AtomicInteger ids = new AtomicInteger();
    private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
    private final List<JsonNode> events = new CopyOnWriteArrayList<>();

    private Browser(Process process, Path profile) throws IOException, InterruptedException {
        this.process = process;
        socket =
                HttpClient.newHttpClient()
                        .newWebSocketBuilder()
                        .buildAsync(endpoint(process, profile), new Messages())
                        .join();
        var target = send("", "Target.createTarget", Map.of("url", "about:blank"));
        session =
                send(
                                "",
                                "Target.attachToTarget",
                                Map.of(
                                        "targetId",
                                        target.get("targetId").asText(),
                                        "flatten",
                                        true))
                        .get("sessionId")
                        .asText();
        for (var domain : List.of("Page", "Runtime", "Log", "Network"))
            send(domain + ".enable", Map.of());
    }

    /// The first Chromium on the path.
    static Optional<Path> installed() {
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(
                        name ->
                                Stream.of(System.getenv("PATH").split(":"))
                                        .map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /// @param profile an empty folder for the browser's own files
    static Browser start(Path executable, Path profile) throws IOException, InterruptedException {
        var process =
                new ProcessBuilder(
                                executable.toString(),
                                "--headless=new",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--no-first-run",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync",
                                "--hide-scrollbars",
                                "--user-data-dir=" + profile,
                                "--remote-debugging-port=0")
                        .redirectErrorStream(true)
                        .redirectOutput(profile.resolve("log").toFile())
                        .start();
        try {
            return new Browser(process, profile);
        } catch (IOException | InterruptedException | RuntimeException e) {
            process.destroy();
            throw e;
        }
    }

    /// Chromium writes its port and path into its profile once it listens.
    private static URI endpoint(Process process, Path profile)
            throws IOException, InterruptedException {
        var file = profile.resolve("DevToolsActivePort");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (System.nanoTime() < deadline && process.isAlive()) {
            var lines = Files.exists(file) ? Files.readAllLines(file) : List.<String>of();
            if (lines.size() == 2)
                return URI.create("ws://127.0.0.1:" + lines.getFirst() + lines.getLast());
            Thread.sleep(50);
        }
        throw new IOException(
                "Chromium did not start: " + Files.readString(profile.resolve("log")));
    }

    private final class Messages implements WebSocket.Listener {
        private final StringBuilder message = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            message.append(data);
            if (last) {
                receive(message.toString());
                message.setLength(0);
            }
            from.request(1);
            return CompletableFuture.completedFuture(null);
        }
    }

    private void receive(String message) {
        try {
            var json = JSON.readTree(message);
            if (!json.has("id")) events.add(json);
            else if (json.has("error"))
                answers.get(json.get("id").asInt())
                        .completeExceptionally(new IOException(json.get("error").toString()));
            else answers.get(json.get("id").asInt()).complete(json.get("result"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    JsonNode send(String method, Map<String, ?> parameters) throws IOException {
        return send(session, method, parameters);
    }

    private JsonNode send(String to, String method, Map<String, ?> parameters) throws IOException {
        int id = ids.incrementAndGet();
        var answer = new CompletableFuture<JsonNode>();
        answers.put(id, answer);
        var message = JSON.createObjectNode().put("id", id).put("method", method);
        message.set("params", JSON.valueToTree(parameters));
        if (!to.isEmpty()) message.put("sessionId", to);
        socket.sendText(message.toString(), true).join();
        return answer.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    }

    /// Opens `uri` and waits until it is loaded.
    void open(URI uri) throws IOException, InterruptedException {
        events.clear();
        send("Page.navigate", Map.of("url", uri.toString()));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (events("Page.loadEventFired").isEmpty()) {
            if (System.nanoTime() > deadline) throw new IOException("the page did not load");
            Thread.sleep(20);
        }
    }

    private List<JsonNode> events(String method) {
        return events.stream()
                .filter(e -> e.get("method").asText().equals(method))
                .map(e -> e.get("params"))
                .toList();
    }

    /// What the page wrote to the console and what went wrong in it, since it was opened.
    List<String> complaints() {
        return Stream.of("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
                .flatMap(method -> events(method).stream())
                .map(JsonNode::toString)
                .toList();
    }

    /// Addresses the page asked for since it was opened, itself included.
    List<String> requests() {
        return events("Network.requestWillBeSent").stream()
                .map(e -> e.at("/request/url").asText())
                .toList();
    }

    void resize(int width, int height, boolean dark) throws IOException {
        send(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
        send(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(
                                Map.of(
                                        "name",
                                        "prefers-color-scheme",
                                        "value",
                                        dark ? "dark" : "light"))));
    }

    /// The value of a JavaScript expression.
    JsonNode evaluate(String expression) throws IOException {
        var result =
                send("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true));
        if (result.has("exceptionDetails"))
            throw new IOException(expression + ": " + result.get("exceptionDetails"));
        return result.at("/result/value");
    }

    /// Clicks the middle of the first element that matches, as a mouse would.
    void click(String selector) throws IOException {
        var at =
                evaluate(
                        """
                        (() => {
                          const e = document.querySelector(%s);
                          e.scrollIntoView({block: 'center'});
                          const r = e.getBoundingClientRect();
                          return {x: r.x + r.width / 2, y: r.y + r.height / 2};
                        })()\
                        """
                                .formatted(JSON.writeValueAsString(selector)));
        for (var type : List.of("mouseMoved", "mousePressed", "mouseReleased"))
            send(
                    "Input.dispatchMouseEvent",
                    Map.of(
                            "type",
                            type,
                            "x",
                            at.get("x").asDouble(),
                            "y",
                            at.get("y").asDouble(),
                            "button",
                            "left",
                            "clickCount",
                            1));
    }

    /// Types into what has the focus.
    void type(String text) throws IOException {
        send("Input.insertText", Map.of("text", text));
    }

    /// Presses and releases a key: `Tab`, `ArrowRight`, `Enter`.
    void press(String key, int code) throws IOException {
        for (var type : List.of("keyDown", "keyUp"))
            send(
                    "Input.dispatchKeyEvent",
                    Map.of("type", type, "key", key, "code", key, "windowsVirtualKeyCode", code));
    }

    /// The whole page, scrolled out, as PNG.
    void screenshot(Path file) throws IOException {
        var shot =
                send(
                        "Page.captureScreenshot",
                        Map.of("format", "png", "captureBeyondViewport", true));
        Files.createDirectories(file.getParent());
        Files.write(file, Base64.getDecoder().decode(shot.get("data").asText()));
    }

    /// Asks the browser to end, which leaves nobody writing into its profile.
    void close() throws IOException, InterruptedException {
        send("", "Browser.close", Map.of());
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly();
    }
}
