import Foundation
import Glibc
import Testing

/// A headless Chromium of its own, driven by the DevTools protocol over two pipes: JSON messages, each ended by a NUL.
final class Browser {
    private let process = Process()
    private let directory: URL
    private let toBrowser: CInt
    private let fromBrowser: CInt
    private var received: [UInt8] = []
    private var calls = 0
    private var session: String?

    /// The program, or nil if none is installed.
    static let program = ["chromium", "chromium-browser", "google-chrome"].lazy.flatMap { name in
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
    }.first { FileManager.default.isExecutableFile(atPath: $0) }

    /// How long silence may last before a test fails.
    private static let patience: CInt = 120_000

    /// Starts the browser with one empty page of the size, in a colour scheme.
    init(width: Int = 1280, height: Int = 900, scheme: String = "light") throws {
        let directory = URL(filePath: NSTemporaryDirectory()).appending(path: "browser-\(UUID().uuidString)")
        self.directory = directory
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let pipes = ["in", "out"].map { directory.appending(path: $0).path() }
        for pipe in pipes { try #require(unsafe mkfifo(pipe, 0o600) == 0) }
        // Both ways at once: an opening for one way would wait for the other end.
        toBrowser = unsafe Glibc.open(pipes[0], O_RDWR | O_CLOEXEC)
        fromBrowser = unsafe Glibc.open(pipes[1], O_RDWR | O_CLOEXEC)
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments =
            ["-c", #"exec "$@" 3<"$IN" 4>"$OUT""#, "sh", try #require(Self.program)]
            + [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--hide-scrollbars", "--remote-debugging-pipe", "--user-data-dir=\(directory.path())/profile",
                "about:blank",
            ]
        process.environment = ProcessInfo.processInfo.environment.merging(["IN": pipes[0], "OUT": pipes[1]]) { $1 }
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()

        let target = try call("Target.createTarget", ["url": "about:blank"])["targetId"] as? String
        session =
            try call("Target.attachToTarget", ["targetId": try #require(target), "flatten": true])["sessionId"]
            as? String
        try call("Page.enable")
        try call(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600])
        try call(
            "Emulation.setEmulatedMedia",
            [
                "features": [
                    ["name": "prefers-color-scheme", "value": scheme],
                    ["name": "prefers-reduced-motion", "value": "reduce"],
                ]
            ])
    }

    deinit {
        // With its own helpers: they end when the browser does.
        _ = try? call("Browser.close", outsideOfPage: true)
        process.waitUntilExit()
        close(toBrowser)
        close(fromBrowser)
        try? FileManager.default.removeItem(at: directory)
    }

    /// Opens an address; `before` runs in the new page before anything of its own.
    func open(_ address: String, before script: String = "") throws {
        try call("Page.addScriptToEvaluateOnNewDocument", ["source": script])
        try call("Page.navigate", ["url": address])
    }

    /// The value of an expression in the page; of a promise, what it is resolved to.
    func value(of expression: String) throws -> String {
        let answer = try call(
            "Runtime.evaluate", ["expression": expression, "awaitPromise": true, "returnByValue": true])
        let result = try #require(answer["result"] as? [String: Any])
        try #require(answer["exceptionDetails"] == nil, "\(result["description"] ?? expression)")
        return result["value"].map { "\($0)" } ?? ""
    }

    /// Waits until the condition holds in the page, which is looked at whenever the page changes.
    func wait(for condition: String) throws {
        _ = try value(
            of: """
                new Promise((done) => {
                    const look = () => (\(condition)) && done(true);
                    new MutationObserver(look).observe(document, {
                        subtree: true, childList: true, attributes: true, characterData: true,
                    });
                    look();
                })
                """)
    }

    @discardableResult
    private func call(_ method: String, _ parameters: [String: Any] = [:], outsideOfPage: Bool = false) throws
        -> [String: Any]
    {
        calls += 1
        var message: [String: Any] = ["id": calls, "method": method, "params": parameters]
        if let session, !outsideOfPage { message["sessionId"] = session }
        let bytes = [UInt8](try JSONSerialization.data(withJSONObject: message)) + [0]
        try #require(unsafe write(toBrowser, bytes, bytes.count) == bytes.count)
        while true {
            let answer = try nextMessage()
            guard answer["id"] as? Int == calls else { continue }
            try #require(answer["error"] == nil, "\(method): \(answer["error"] ?? "")")
            return answer["result"] as? [String: Any] ?? [:]
        }
    }

    private func nextMessage() throws -> [String: Any] {
        while true {
            if let end = received.firstIndex(of: 0) {
                let message = Data(received[..<end])
                received.removeSubrange(...end)
                return try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
            }
            var wait = pollfd(fd: fromBrowser, events: Int16(POLLIN), revents: 0)
            try #require(unsafe poll(&wait, 1, Self.patience) == 1, "the browser said nothing")
            var block = [UInt8](repeating: 0, count: 65_536)
            let count = unsafe read(fromBrowser, &block, block.count)
            try #require(count > 0)
            received += block.prefix(count)
        }
    }
}
