import Foundation
import LatchkeyTestSupport
import Synchronization
import Testing

/// podman with a store of its own, so that it neither sees nor leaves anything of this machine's.
final class Podman: Sendable {
    /// Why there is no podman to test with; nil where there is.
    static let obstacle: String? =
        ContainerBundle.obstacle ?? (Programs.installed("podman") == nil ? "podman is not installed" : nil)

    /// Why no pod can be started; nil where one can. What podman says of the program that it misses names no package.
    static let podObstacle: String? = obstacle ?? (hasCatatonit ? nil : "catatonit is not installed")

    /// The first process of a pod, from where podman looks for it.
    private static let hasCatatonit =
        Programs.installed("catatonit") != nil
        || FileManager.default.isExecutableFile(atPath: "/usr/libexec/podman/catatonit")

    /// What no other one is called.
    let name = "latchkey-\(UInt32.random(in: 0...UInt32.max))"
    /// A directory that goes with the store.
    let place: String
    private let images = Images()

    init() throws {
        place = try ContainerBundle.directory(name)
        // Without a manager there are no control groups of its kind; more than the hard limits can't be asked for.
        let configuration = """
            [containers]
            default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
            [engine]
            runtime = "runc"
            cgroup_manager = "cgroupfs"

            """
        try configuration.write(toFile: place + "/containers.conf", atomically: false, encoding: .utf8)
    }

    deinit {
        for image in images.all { _ = try? start(["image", "rm", "-f", image]).end() }
        for path in [place, state] { try? FileManager.default.removeItem(atPath: path) }
    }

    /// podman takes no longer path than 50 characters for it.
    private var state: String { "/run/\(name)" }

    /// A part of the place, open to all users.
    func directory(_ part: String) throws -> String { try ContainerBundle.directory("\(name)/\(part)") }

    func start(_ arguments: [String]) throws -> Launch {
        let store = ["--root", place + "/store", "--runroot", state, "--storage-driver", "vfs"]
        let program = try #require(Programs.installed("podman"), "podman is not installed")
        return try Launch(
            program, store + arguments, environment: ["CONTAINERS_CONF": place + "/containers.conf", "HOME": place])
    }

    @discardableResult
    func run(_ arguments: [String]) throws -> String {
        let outcome = try start(arguments).end(within: .seconds(300))
        try #require(
            outcome.ending == .code(0), "podman \(arguments[0]): \(outcome.output.suffix(2000))\(outcome.errors)")
        return outcome.output
    }

    /// Makes an image of a part of the place; returns its name.
    func image(_ name: String, of part: String) throws -> String {
        let image = "localhost/\(name):1"
        try ContainerBundle.run("tar", "-C", "\(place)/\(part)", "-c", "-f", "\(place)/\(part).tar", ".")
        try run(["import", "\(place)/\(part).tar", image])
        images.add(image)
        return image
    }

    /// Builds a Containerfile in the directory of the sources; returns the image's name.
    func build(_ file: String, _ name: String, _ options: [String]) throws -> String {
        let image = "localhost/\(name):1"
        images.add(image)
        // Each step in a changed root directory: no rights that a builder on a plain machine does not have.
        let own = ["--isolation=chroot", "--pull=never", "--file", "\(Box.sources)/\(file)", "--tag", image]
        try run(["build"] + own + options + [Box.sources])
        return image
    }
}

/// The images to remove.
private final class Images: Sendable {
    private let names = Mutex<[String]>([])

    var all: [String] { names.withLock { $0 } }

    func add(_ name: String) { names.withLock { $0.append(name) } }
}
