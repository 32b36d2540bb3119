import Foundation
import LinuxSystem
import Messages
import SecretsDirectory
import Testing

@Suite struct TakeTests {
    @Test func `the service manager's directory is the first choice, its first element only`() throws {
        let place = try TestPlace()
        let taken = try place.take {
            $0.directory = nil
            $0.runtimeDirectory = place.path + "/instance:/elsewhere"
        }
        #expect(taken.instance?.path == place.path + "/instance")
        #expect(taken.secrets.path == place.path + "/instance/secrets")
        #expect(try place.mode("instance/secrets") == 0o700)
        #expect(try place.mode("instance/lock") == 0o600)
        #expect(place.text("instance/lock") == "\(getpid())\n")
        try taken.removeAll()
        #expect(place.top("instance").isEmpty)
    }

    @Test(.enabled(if: isRoot, needsRoot), arguments: RunDirectory.allCases)
    func `without one it is root's in memory, else the user's, and its directories are 0755`(run: RunDirectory) throws {
        let ended = try Tool.runInNamespace(
            run,
            """
            $ROTATE deliver - a 1 9 instance=web && cd \(run.instances) || exit 1
            stat -c '%a' . web web/secrets
            head -n 1 web/secrets/file-0
            """)
        #expect(ended.output == "written\n755\n755\n700\na\n", "\(ended.errors)")
    }

    @Test(.enabled(if: isRoot, needsRoot), arguments: RunDirectory.allCases)
    func `a directory of ours that a program tightened is set right`(run: RunDirectory) throws {
        let ended = try Tool.runInNamespace(
            run,
            """
            mkdir \(run.instances) && mkdir -m 700 \(run.instances)/web || exit 1
            $ROTATE deliver - a 1 9 instance=web && stat -c '%a' \(run.instances)/web
            """)
        #expect(ended.output == "written\n755\n", "\(ended.errors)")
    }

    @Test func `the service manager's directory keeps its mode`() throws {
        let place = try TestPlace()
        try place.makeDirectory("instance", 0o710)
        _ = try place.take { $0.directory = nil }
        #expect(try place.mode("instance") == 0o710)
    }

    @Test func `a second run is refused and the first one's PID is named`() throws {
        let place = try TestPlace()
        let first = try place.take { $0.directory = nil }
        defer { withExtendedLifetime(first) {} }
        let run = try Tool.run(
            Tool.rotate, ["deliver", "-", "a", "1", "9"], environment: ["RUNTIME_DIRECTORY": place.path + "/instance"])
        #expect(run.code == 73)
        #expect(run.errors.contains("directory-busy"))
        #expect(run.errors.contains("PID \(getpid())"))
    }

    @Test(arguments: [true, false])
    func `an instance's own directory can be named while nobody has it`(instanceFirst: Bool) throws {
        let place = try TestPlace()
        func own() throws -> DeliveryDirectories { try place.take { $0.directory = nil } }
        func named() throws -> DeliveryDirectories {
            try place.take("instance/secrets") { $0.runtimeDirectory = place.path + "/other" }
        }
        if !instanceFirst { _ = try own() }
        let first = try instanceFirst ? own() : named()
        let error = #expect(throws: GenerationError.self) { _ = try instanceFirst ? named() : own() }
        #expect(error?.diagnosis.code == .directoryBusy)
        withExtendedLifetime(first) {}
    }

    @Test func `two runs of other names exclude each other on one named directory`() throws {
        let place = try TestPlace()
        let first = try place.take()
        defer { withExtendedLifetime(first) {} }
        let run = try Tool.run(
            Tool.rotate, ["deliver", place.path + "/secrets", "a", "1", "9", "instance=other-\(getpid())"],
            environment: [:])
        #expect(run.code == 73)
        #expect(run.errors.contains("PID \(getpid())"), "\(run.errors)")
    }

    @Test func `a usual name that is taken gets the PID behind it, a chosen one is refused`() throws {
        let place = try TestPlace()
        let name = "web-\(UInt64.random(in: 0 ... .max))"
        func take(_ name: InstanceName) throws -> DeliveryDirectories {
            try place.take {
                $0.instance = name
                $0.directory = nil
                $0.runtimeDirectory = nil
                $0.userRuntimeDirectory = place.path
            }
        }
        let first = try take(.usual(name))
        #expect(first.instance?.name == name)
        let second = try take(.usual(name))
        #expect(second.instance?.name == "\(name)-\(getpid())")
        let error = #expect(throws: GenerationError.self) { try take(.chosen(name)) }
        #expect(error?.diagnosis.code == .directoryBusy)
        withExtendedLifetime((first, second)) {}
    }

    @Test func `the lock outlives its taker as long as a copy of the descriptor is open`() throws {
        let place = try TestPlace()
        var first: DeliveryDirectories? = try place.take()
        let told = try #require(first?.handover)
        let copies = try #require(first?.descriptors.map { dup($0) })
        first = nil
        #expect(throws: GenerationError.self) { try place.take() }
        var second = DeliveryDirectories.adopt(told, descriptors: copies)
        try #require(second != nil)
        try second?.secrets.deliver(["a": "one"])
        #expect(place.text("secrets/a") == "one")
        #expect(throws: GenerationError.self) { try place.take() }
        second = nil
        _ = try place.takeAnew()
    }

    @Test func `a wrong number of descriptors is not adopted`() throws {
        let place = try TestPlace()
        let taken = try place.take()
        #expect(DeliveryDirectories.adopt(taken.handover, descriptors: []) == nil)
    }

    @Test func `what a killed run left is taken over, and its files are there until the next delivery`() throws {
        let place = try TestPlace()
        try place.take().secrets.deliver(["a": "one"])
        let next = try place.takeAnew()
        #expect(place.text("secrets/a") == "one")
        #expect(try next.secrets.deliver(["a": "one"]) == .unchanged)
    }

    @Test func `a name that is no name is refused`() throws {
        let place = try TestPlace()
        for name in ["", ".", "..", "a/b", String(repeating: "n", count: 256)] {
            #expect(throws: GenerationError.self) {
                try place.take {
                    $0.instance = .chosen(name)
                    $0.directory = nil
                    $0.runtimeDirectory = nil
                    $0.userRuntimeDirectory = place.path
                }
            }
        }
    }
}

@Suite struct RefusalTests {
    @Test func `a file system that is not in memory is refused unless it is allowed`() throws {
        let path = "/var/tmp/latchkey-test-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        setMode(path, 0o755)
        let place = try TestPlace()
        let named = path + "/secrets"
        let error = #expect(throws: GenerationError.self) { try place.take { $0.directory = named } }
        #expect(error?.diagnosis.text.contains("neither tmpfs nor ramfs") == true)
        #expect(!FileManager.default.fileExists(atPath: named))
        let taken = try place.take {
            $0.directory = named
            $0.allowDisk = true
        }
        try taken.secrets.deliver(["a": "one"])
        #expect(try taken.secrets.deliver(["a": "one"]) == .unchanged)
        try taken.secrets.deliver(["a": "two"])
        try taken.secrets.deliver(["a": "three"])
        #expect(try taken.secrets.swapExposure() == .disk)
        #expect(!taken.canCache)
        try taken.removeAll()
        #expect(!FileManager.default.fileExists(atPath: named))
    }

    @Test(.enabled(if: isRoot, needsRoot), arguments: ["link", "link/deeper", "directory/link"])
    func `a symbolic link of a user's on the way is refused`(name: String) throws {
        let place = try TestPlace()
        try place.makeDirectory("directory/target", 0o755)
        for link in ["link", "directory/link"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(place.path)/\(link)", withDestinationPath: place.path + "/directory/target")
            setOwner("\(place.path)/\(link)", 4711)
        }
        let error = #expect(throws: GenerationError.self) { try place.take(name) }
        #expect(error?.diagnosis.exitCode == .cannotCreate)
        #expect(error?.diagnosis.text.contains("is a symbolic link") == true)
    }

    @Test(.enabled(if: isRoot, needsRoot))
    func `root's own link in root's own directory is followed`() throws {
        let place = try TestPlace()
        try place.makeDirectory("target", 0o755)
        try FileManager.default.createSymbolicLink(
            atPath: place.path + "/link", withDestinationPath: "target/../target")
        let taken = try place.take("link/secrets")
        try taken.secrets.deliver(["a": "one"])
        #expect(place.text("target/secrets/a") == "one")
        #expect(taken.secrets.path == place.path + "/link/secrets")
    }

    @Test(.enabled(if: isRoot, needsRoot))
    func `a directory of another user's is refused`() throws {
        let place = try TestPlace()
        try place.makeDirectory("secrets", 0o700, owner: 4711)
        let error = #expect(throws: GenerationError.self) { try place.take() }
        #expect(error?.diagnosis.text.contains("belongs to user 4711") == true)
        try place.makeDirectory("way/secrets", 0o700)
        setOwner(place.path + "/way", 4711)
        let way = #expect(throws: GenerationError.self) { try place.take("way/secrets") }
        #expect(way?.diagnosis.text.contains("'\(place.path)/way' belongs to user 4711") == true)
        try place.makeDirectory("instance", 0o755, owner: 4711)
        let instance = #expect(throws: GenerationError.self) { try place.take { $0.directory = nil } }
        #expect(instance?.diagnosis.code == .directoryRefused)
    }

    @Test(arguments: [mode_t(0o770), 0o775, 0o707, 0o777])
    func `a parent that others can write is refused, and so is the directory itself`(mode: mode_t) throws {
        let place = try TestPlace()
        try place.makeDirectory("parent", mode)
        let parent = #expect(throws: GenerationError.self) { try place.take("parent/secrets") }
        #expect(parent?.diagnosis.text.contains("'\(place.path)/parent' can be written by others") == true)
        #expect(parent?.diagnosis.hint?.contains("chmod") == true)
        try place.makeDirectory("secrets", mode)
        let itself = #expect(throws: GenerationError.self) { try place.take() }
        #expect(itself?.diagnosis.exitCode == .cannotCreate)
        #expect(!place.top().contains("..pid"))
    }

    @Test func `something that is no directory is refused`() throws {
        let place = try TestPlace()
        try place.write("secrets", "text")
        let error = #expect(throws: GenerationError.self) { try place.take() }
        #expect(error?.diagnosis.text.contains("is no directory") == true)
        try place.makeDirectory("instance")
        try place.write("instance/secrets", "text")
        #expect(throws: GenerationError.self) { try place.take { $0.directory = nil } }
    }

    @Test(.enabled(if: isRoot, needsRoot))
    func `the root of a memory volume that others can write is accepted with a warning, and keeps its mode`() throws {
        let run = try Tool.runInNamespace(
            """
            mkdir /tmp/volume && chmod 755 /tmp/volume && mount -t tmpfs -o mode=0777 none /tmp/volume || exit 1
            chmod 755 /tmp
            $ROTATE deliver /tmp/volume a 2 9 || exit 1
            stat -c '%a' /tmp/volume
            cat /tmp/volume/file-0 | head -1
            $ROTATE deliver /tmp/volume/inner a 2 9
            """.replacingOccurrences(of: "/tmp", with: "/mnt/latchkey").withDirectory)
        #expect(
            run.output
                == "directory-shared: secrets directory '/mnt/latchkey/volume' is the root of a mount that others can write\nwritten\n777\na\n"
        )
        #expect(run.code == 73)
        #expect(run.errors.contains("can be written by others"), "\(run.errors)")
    }

    /// As the kubelet makes an emptyDir of medium Memory for a pod with an fsGroup: root's, the group's, set-group-ID,
    /// and everybody may write.
    @Test(
        .enabled(if: isRoot, needsRoot), .enabled(if: Tool.exists("setpriv"), "setpriv is not installed"),
        arguments: [("", "700 4711", "400 4711"), ("shared-group=4800", "750 4800", "440 4800")])
    func `a memory volume of a pod with an fsGroup takes the files of a user without rights`(
        group: String, directory: String, file: String
    ) throws {
        let run = try Tool.runInNamespace(
            """
            mkdir volume && mount -t tmpfs -o mode=2777,gid=4800 none volume || exit 1
            as() { setpriv --reuid=4711 --regid=4711 --groups=4800 "$@"; }
            as $ROTATE deliver /mnt/latchkey/volume a 2 9 \(group) || exit 1
            stat -c '%a %U %g' volume
            stat -L -c '%a %g' volume/..data volume/..data/deep volume/file-0 volume/deep/file-1
            as $ROTATE deliver /mnt/latchkey/volume b 2 9 \(group) && head -1 volume/file-0 || exit 1
            setpriv --reuid=4712 --regid=4712 --groups=4800 cat volume/file-0 >&2
            """.withDirectory.replacingOccurrences(of: "mkdir volume", with: "cd /mnt/latchkey && mkdir volume"))
        let owned = "2777 root 4800\n\(directory)\n\(directory)\n\(file)\n\(file)\n"
        let warning =
            "directory-shared: secrets directory '/mnt/latchkey/volume' is the root of a mount that others can write\n"
        #expect(run.output == warning + "written\n" + owned + warning + "written\nb\n", "\(run.errors)")
        // Another container's user is of the group, and reads what is for it.
        #expect((run.code == 0) == !group.isEmpty, "\(run.errors)")
    }

    @Test(.enabled(if: isRoot, needsRoot))
    func `where nothing can be had every place is named, and a read-only volume says so`() throws {
        let nothing = try Tool.runInNamespace(
            """
            mount -t tmpfs -o ro none /run && mount -t tmpfs none /dev && mkdir /dev/empty || exit 1
            XDG_RUNTIME_DIR=/nowhere $ROTATE deliver - a 2 9
            """)
        #expect(nothing.code == 73)
        for place in ["/run/latchkey/", "/nowhere/latchkey/", "/dev/shm/latchkey-0/"] {
            #expect(nothing.errors.contains("'\(place)"), "\(nothing.errors)")
        }
        #expect(nothing.errors.contains("read-only file system"))
        let readOnly = try Tool.runInNamespace(
            """
            mount -t tmpfs none /mnt && mkdir /mnt/s && chmod 700 /mnt/s && mount -o remount,ro /mnt || exit 1
            $ROTATE deliver /mnt/s a 2 9
            """)
        #expect(readOnly.code == 73 || readOnly.code == 74)
        #expect(readOnly.errors.contains("'/mnt/s'") && readOnly.errors.contains("read-only"), "\(readOnly.errors)")
    }
}

extension String {
    /// The lines behind ones that make `/mnt/latchkey` on a file system of this namespace's own.
    fileprivate var withDirectory: String {
        "mount -t tmpfs -o mode=0755 none /mnt && mkdir /mnt/latchkey || exit 1\n" + self
    }
}
