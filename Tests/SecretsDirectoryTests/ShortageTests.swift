import Foundation
import LinuxSystem
import SecretsDirectory
import Testing

@Suite struct ShortageTests {
    @Test(.enabled(if: isRoot, needsRoot), arguments: [("size=64k", "90000"), ("nr_inodes=14", "9")])
    func `a full file system leaves the last generation, says what it needed, and no half of anything`(
        option: String, size: String
    ) throws {
        let run = try Tool.runInNamespace(
            """
            mount -t tmpfs -o mode=0755,\(option) none /mnt || exit 1
            $ROTATE deliver /mnt/s old 3 40 || exit 1
            ls -A /mnt/s > /before; ls -A /mnt/s > /dev/shm/before.$$
            $ROTATE deliver /mnt/s new 8 \(size); code=$?
            ls -A /mnt/s | diff - /dev/shm/before.$$ && echo same
            rm -f /dev/shm/before.$$
            head -1 /mnt/s/file-0 /mnt/s/deep/file-1 /mnt/s/file-2
            $ROTATE deliver /mnt/s old 3 40 || exit 1
            exit $code
            """.replacingOccurrences(of: "ls -A /mnt/s > /before; ", with: ""))
        #expect(run.code == 74, "\(run.errors)")
        #expect(run.errors.contains("directory-write: secrets directory '/mnt/s'"))
        #expect(run.errors.contains("no space left on device; needs"))
        #expect(run.errors.contains("free)") && run.errors.contains("remount"), "\(run.errors)")
        #expect(run.output.contains("same\n") && run.output.contains("unchanged"), "\(run.output)")
        #expect(run.output.components(separatedBy: "\nold").count == 4, "\(run.output)")
    }

    @Test(arguments: 4...12)
    func `running out of descriptors leaves the last generation`(limit: Int) throws {
        let place = try TestPlace()
        let secrets = place.path + "/secrets"
        let instance = ["RUNTIME_DIRECTORY": place.path + "/instance"]
        _ = try Tool.run(Tool.rotate, ["deliver", secrets, "old", "3", "40"], environment: instance)
        let run = try Tool.run(
            Tool.rotate, ["deliver", secrets, "new", "3", "40", "descriptors=\(limit)"], environment: instance)
        let text = try #require(place.text("secrets/file-0"))
        if run.code == 0 {
            #expect(text.hasPrefix("new"))
        } else {
            #expect(run.code == 71, "\(run.errors)")
            #expect(
                run.errors.contains("system-refused") && run.errors.contains("too many open files"), "\(run.errors)")
            #expect(text.hasPrefix("old"))
            #expect(place.generations().count == 1, "\(place.listing())")
        }
        let next = try Tool.run(Tool.rotate, ["deliver", secrets, "new", "3", "40"], environment: instance)
        #expect(next.code == 0)
        #expect(place.text("secrets/file-0")?.hasPrefix("new") == true)
        #expect(!place.top().contains("..latchkey.part"))
    }

    /// A quota's error, which a tmpfs gives only where the kernel is built with quotas for it: at each call that can.
    @Test(
        .enabled(if: Tool.exists("strace"), "strace is not installed"),
        arguments: [("mkdirat", 2), ("write", 2), ("symlinkat", 1)])
    func `a quota that is used up leaves the last generation, and says what it needed`(call: String, count: Int) throws
    {
        for point in 1...count {
            let place = try TestPlace()
            let secrets = place.path + "/secrets"
            let instance = ["RUNTIME_DIRECTORY": place.path + "/instance"]
            let old = try Tool.run(Tool.rotate, ["deliver", secrets, "old", "3", "40"], environment: instance)
            try #require(old.code == 0, "\(old.errors)")
            let before = place.listing()
            let run = try Tool.run(
                "strace",
                ["-qq", "-o", "/dev/null"]
                    + ["", "/..latchkey.part", "/..latchkey.part/file-0", "/..latchkey.part/deep/file-1"]
                    .flatMap { ["-P", secrets + $0] } + [
                        "-e", "inject=\(call):error=EDQUOT:when=\(point)", Tool.rotate,
                    ]
                    + ["deliver", secrets, "new", "4", "40"], environment: instance)
            #expect(run.code == 74, "\(call) \(point): \(run.output) \(run.errors)")
            #expect(
                run.errors.contains("directory-write: secrets directory '\(secrets)'")
                    && run.errors.contains("quota exceeded; needs") && run.errors.contains("bytes ("), "\(run.errors)")
            #expect(place.text("secrets/file-0")?.hasPrefix("old") == true)
            #expect(place.listing() == before, "\(call) \(point)")
            let next = try Tool.run(Tool.rotate, ["deliver", secrets, "new", "4", "40"], environment: instance)
            #expect(next.code == 0 && place.text("secrets/deep/file-3")?.hasPrefix("new") == true)
        }
    }

    @Test func `a status that can't be written leaves the old one`() throws {
        let place = try TestPlace()
        let taken = try place.take()
        let instance = try #require(taken.instance)
        try instance.publish(.status, Array("one".utf8))
        try place.write("instance/.status.json.new", "left by a killed writer")
        try instance.publish(.status, Array("two".utf8))
        #expect(place.text("instance/status.json") == "two")
        #expect(place.top("instance") == ["lock", "status.json"])
        #expect(try place.mode("instance/status.json") == 0o644)
    }
}

@Suite struct RaceTests {
    @Test func `readers that go through the link once see no torn file, no missing file and no mixed set`() throws {
        let place = try TestPlace()
        let arguments = isFull ? ["10000", "16", "7"] : ["300", "4", "7"]
        let run = try Tool.run(
            Tool.rotate, ["race", place.path + "/secrets"] + arguments,
            environment: ["RUNTIME_DIRECTORY": place.path + "/instance"])
        #expect(run.code == 0, "\(run.errors)")
        print(run.output)
        let reads = run.output.split(separator: ",").last?.split(separator: " ").first.flatMap { Int($0) } ?? 0
        #expect(reads >= (isFull ? 1_000_000 : 5_000))
    }
}
