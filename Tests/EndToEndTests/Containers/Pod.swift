import Foundation
import LatchkeyTestSupport
import Testing

/// A pod, whose containers share processes, this machine's network, and a memory volume as Kubernetes makes one: tmpfs
/// of root's, mode 0777, mounted by the node and bound into the containers.
final class Pod: Sendable {
    private let podman: Podman
    private let image: String
    let volume: String

    /// An image with the bundle, which trusts this authority, at /latchkey, and the static probe at /usr/bin/shop.
    init(trusting authority: String) throws {
        podman = try Podman()
        let programs = try podman.directory("image/usr/bin")
        volume = try podman.directory("secrets")
        try ContainerBundle.trusting(authority, at: podman.place + "/image/latchkey")
        try ContainerBundle.run("cp", try ContainerBundle.probe(["cc", "-static"]), programs + "/shop")
        image = try podman.image("latchkey-test", of: "image")
        try ContainerBundle.run("mount", "-t", "tmpfs", "-o", "mode=0777,size=8m", "memory", volume)
        try podman.run(["pod", "create", "--name", podman.name, "--share", "pid,ipc,net", "--network", "host"])
    }

    deinit {
        _ = try? podman.start(["pod", "rm", "-f", podman.name]).end()
        if let umount = Programs.installed("umount") { _ = try? ChildProcess.run(umount, [volume]) }
    }

    /// Starts a container of the pod as locked down as "restricted" asks for, and stays with it.
    func run(
        _ container: String, _ command: [String], mount: String, environment: [String: String] = [:]
    ) throws -> Launch {
        // The identity's header is among them, and is nobody's argument.
        let variables = "\(podman.place)/\(container).env"
        try environment.map { "\($0)=\($1)\n" }.sorted().joined()
            .write(toFile: variables, atomically: false, encoding: .utf8)
        let rights = ["--user", "4711:4711", "--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges"]
        let options = ["--name", self.name(container), "--pull=never", "--mount", mount, "--env-file", variables]
        return try podman.start(["run", "--rm", "--pod", podman.name] + options + rights + [image] + command)
    }

    /// Runs a command in a container of the pod, as a probe does.
    func exec(_ container: String, _ command: String...) throws -> Outcome {
        try podman.start(["exec", name(container)] + command).end()
    }

    /// TERM, then KILL after ten seconds.
    func stop(_ container: String) throws { try podman.run(["stop", "--time", "10", name(container)]) }

    private func name(_ container: String) -> String { "\(podman.name)-\(container)" }
}

@Suite(.serialized, .enabled(if: Podman.podObstacle == nil, "\(Podman.podObstacle ?? "")"))
struct PodTests {
    @Test func `a sidecar rotates the files of a shared volume, and the app is told and reads them`() throws {
        try Emulator.serving { azure in
            let pod = try Pod(trusting: azure.authority)
            let options = [
                "--vault", azure.vault, "--directory", "/secrets", "-f", "database=db-password", "--instance", "shop",
                "--refresh", "off", "--signal", "HUP", "--signal-pid", "name:shop",
            ]
            let sidecar = try pod.run(
                "latchkey", ["/latchkey/latchkey", "sidecar"] + options,
                mount: "type=bind,source=\(pod.volume),target=/secrets", environment: try azure.environment())
            // What the startup probe asks.
            let isReady = try eventually {
                try pod.exec("latchkey", "/latchkey/latchkey", "status", "--instance", "shop").ending == .code(0)
            }
            try #require(isReady, "\(sidecar.errors.text)")

            let app = try pod.run(
                "app", ["/usr/bin/shop", "print-on", "HUP", "database"],
                mount: "type=bind,source=\(pod.volume),target=/secrets,ro=true",
                environment: ["LATCHKEY_SECRETS": "/secrets"])
            try app.expect(line: "ready")
            #expect(app.output.text.contains("file=database \(fingerprint("c4n4ry-database"))"))

            try azure.rotate("db-password", to: "c4n4ry-rotated")
            let refreshed = try pod.exec("latchkey", "/latchkey/latchkey", "refresh", "--wait", "--instance", "shop")
            #expect(refreshed.ending == .code(0), "\(refreshed.errors)")
            try app.expect(line: "end")
            #expect(app.output.lines.contains("signal=1"))
            #expect(app.output.text.contains("file=database \(fingerprint("c4n4ry-rotated"))"))

            try pod.stop("latchkey")
            #expect(try sidecar.end().ending == .code(0))
            try pod.stop("app")
            #expect(try app.end().ending == .code(128 + SIGTERM))
        }
    }
}
