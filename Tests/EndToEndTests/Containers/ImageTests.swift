import Foundation
import LatchkeyTestSupport
import Testing

/// The image that the Containerfile makes, without a registry: of the programs under test, on a base image that has
/// this machine's own files and tools.
@Suite(.serialized, .enabled(if: Podman.obstacle == nil, "\(Podman.obstacle ?? "")"))
struct ImageTests {
    /// An image with the two programs where the Containerfile takes them from.
    private static func programs(_ podman: Podman) throws -> String {
        let place = try podman.directory("built/programs")
        for program in [Programs.latchkey, Programs.latchkey + "-worker"] {
            try ContainerBundle.run("cp", program, place)
        }
        return try podman.image("programs", of: "built")
    }

    /// An image of Debian's layout, into which /usr is mounted.
    private static func base(_ podman: Podman) throws -> String {
        let etc = try podman.directory("base/etc")
        for part in ["usr", "tmp", "var/tmp", "proc", "dev"] { _ = try podman.directory("base/" + part) }
        for name in ["alternatives", "ld.so.cache", "passwd", "group"] {
            try ContainerBundle.run("cp", "-a", "/etc/" + name, etc)
        }
        for name in ["bin", "sbin", "lib", "lib64"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(podman.place)/base/\(name)", withDestinationPath: "usr/" + name)
        }
        return try podman.image("base", of: "base")
    }

    /// As its users start it: another user, nothing to write to, no right.
    private static let confined = [
        "run", "--rm", "--pull=never", "--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt",
        "no-new-privileges",
    ]

    @Test func `the Containerfile's image starts an app, and brings the bundle`() throws {
        let podman = try Podman()
        let arguments = ["BASE=\(try Self.base(podman))", "PROGRAMS=\(try Self.programs(podman))"]
        let image = try podman.build(
            "deploy/container/Containerfile", "latchkey",
            arguments.flatMap { ["--build-arg", $0] } + ["--target", "latchkey", "--volume", "/usr:/usr:ro"])

        // Nothing but the bundle and what copies it, and nobody's user.
        let (container, archive) = ("\(podman.name)-image", podman.place + "/image.tar")
        try podman.run(["create", "--name", container, image])
        try podman.run(["export", "--output", archive, container])
        try podman.run(["rm", container])
        let files = try ContainerBundle.run("tar", "-t", "-f", archive).split(separator: "\n").filter { $0.last != "/" }
        #expect(files.contains("bin/cp") && files.contains("latchkey/latchkey-worker"))
        let others = files.filter { $0 != "bin/cp" && !$0.hasPrefix("latchkey/") }
        // Where a container's own files are mounted.
        #expect(others.allSatisfy { $0.contains(/^(etc|run|dev)\//) }, "\(others)")
        let configuration = try podman.run(["image", "inspect", image])
        #expect(configuration.contains(#""User": "65532:65532""#))
        #expect(try podman.run(Self.confined + [image]).hasPrefix("latchkey"))

        try Emulator.serving { azure in
            let variables = "\(podman.place)/identity.env"
            try azure.environment().map { "\($0)=\($1)\n" }.sorted().joined()
                .write(toFile: variables, atomically: false, encoding: .utf8)
            let authority = "\(podman.place)/authority.pem"
            try ContainerBundle.run("install", "-m", "0644", azure.authority, authority)
            let outside = [
                "--network", "host", "--env-file", variables, "--volume", "\(authority):/authority.pem:ro", "--volume",
                "\(try ContainerBundle.probe(["cc", "-static"])):/app:ro",
            ]
            let outcome = try podman.start(
                Self.confined + outside + [image] + [
                    "run", "--vault", azure.vault, "--ca-file", "/authority.pem", "-e", "A=db-password", "--", "/app",
                    "fingerprint", "--env", "A",
                ]
            ).end()
            #expect(outcome.output == "env=A \(fingerprint("c4n4ry-database"))\n", "\(outcome.errors)")
        }

        // As an init container does it.
        let volume = try podman.directory("volume")
        try ContainerBundle.run("chown", "65532:65532", volume)
        try podman.run(
            Self.confined + ["--entrypoint", "/bin/cp", "--volume", "\(volume):/bundle", image]
                + ["-R", "/latchkey/.", "/bundle"])
        let version = try ChildProcess.run(volume + "/latchkey", ["--version"])
        #expect(version.ending == .code(0) && version.output.hasPrefix("latchkey"))
    }
}
