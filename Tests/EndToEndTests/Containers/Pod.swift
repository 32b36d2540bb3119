import Foundation
import LatchkeyTestSupport
import Testing

/// podman with a store of its own, so that it neither sees nor leaves anything of this machine's; and one pod, whose
/// containers share processes, this machine's network, and a memory volume as Kubernetes makes one: tmpfs of root's,
/// mode 0777, mounted by the node and bound into the containers.
final class Pod: Sendable {
    /// Why there is no podman to test with; nil where there is.
    static let obstacle: String? =
        ContainerBundle.obstacle ?? (Programs.installed("podman") == nil ? "podman is not installed" : nil)

    private static let image = "localhost/latchkey-test:1"
    private let name = "latchkey-\(UInt32.random(in: 0...UInt32.max))"
    private let place: String
    let volume: String

    /// An image with the bundle, which trusts this authority, at /latchkey, and the static probe at /usr/bin/shop.
    init(trusting authority: String) throws {
        place = try ContainerBundle.directory(name)
        volume = place + "/secrets"
        // Without a manager there are no control groups of its kind; more than the hard limits can't be asked for.
        let configuration = """
            [containers]
            default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
            [engine]
            runtime = "runc"
            cgroup_manager = "cgroupfs"

            """
        try configuration.write(toFile: place + "/containers.conf", atomically: false, encoding: .utf8)
        for part in ["image/usr/bin", "secrets"] { _ = try ContainerBundle.directory("\(name)/\(part)") }
        try ContainerBundle.trusting(authority, at: place + "/image/latchkey")
        try ContainerBundle.run("cp", try ContainerBundle.probe(["cc", "-static"]), place + "/image/usr/bin/shop")
        try ContainerBundle.run("tar", "-C", place + "/image", "-c", "-f", place + "/image.tar", ".")
        try podman("import", place + "/image.tar", Self.image)
        try ContainerBundle.run("mount", "-t", "tmpfs", "-o", "mode=0777,size=8m", "memory", volume)
        try podman("pod", "create", "--name", name, "--share", "pid,ipc,net", "--network", "host")
    }

    deinit {
        _ = try? start(["pod", "rm", "-f", name]).end()
        if let umount = Programs.installed("umount") { _ = try? ChildProcess.run(umount, [volume]) }
        _ = try? start(["image", "rm", "-f", Self.image]).end()
        for path in [place, state] { try? FileManager.default.removeItem(atPath: path) }
    }

    /// podman takes no longer path than 50 characters for it.
    private var state: String { "/run/\(name)" }

    private func start(_ arguments: [String]) throws -> Launch {
        let store = ["--root", place + "/store", "--runroot", state, "--storage-driver", "vfs"]
        let program = try #require(Programs.installed("podman"), "podman is not installed")
        return try Launch(
            program, store + arguments, environment: ["CONTAINERS_CONF": place + "/containers.conf", "HOME": place])
    }

    private func podman(_ arguments: String...) throws {
        let outcome = try start(arguments).end()
        try #require(outcome.ending == .code(0), "podman \(arguments[0]): \(outcome.errors)")
    }

    /// Starts a container of the pod as locked down as "restricted" asks for, and stays with it.
    func run(
        _ container: String, _ command: [String], mount: String, environment: [String: String] = [:]
    ) throws -> Launch {
        // The identity's header is among them, and is nobody's argument.
        let variables = "\(place)/\(container).env"
        try environment.map { "\($0)=\($1)\n" }.sorted().joined()
            .write(toFile: variables, atomically: false, encoding: .utf8)
        let rights = ["--user", "4711:4711", "--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges"]
        let options = ["--name", "\(name)-\(container)", "--pull=never", "--mount", mount, "--env-file", variables]
        return try start(["run", "--rm", "--pod", name] + options + rights + [Self.image] + command)
    }

    /// Runs a command in a container of the pod, as a probe does.
    func exec(_ container: String, _ command: String...) throws -> Outcome {
        try start(["exec", "\(name)-\(container)"] + command).end()
    }

    /// TERM, then KILL after ten seconds.
    func stop(_ container: String) throws { try podman("stop", "--time", "10", "\(name)-\(container)") }
}

@Suite(.serialized, .enabled(if: Pod.obstacle == nil, "\(Pod.obstacle ?? "")"))
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
