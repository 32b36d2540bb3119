import Foundation
import Testing

/// When instances come again, as their status tells; the draws themselves are in `ScheduleTests`.
struct JitterTests {
    /// Seconds from a delivery to the next refresh.
    private static func interval(_ azure: Emulator, in scratch: Scratch) throws -> Double {
        let launch = try azure.run(
            "-e", "DB_PASSWORD=db-password", "--refresh", "1h", "--jitter", "100", "--on-change", "none",
            "--instance", "web", command: [Programs.probe, "sleep"], in: scratch)
        try launch.expect(line: "ready")
        let isTold = try eventually { try scratch.status().nextRefreshAt != nil }
        #expect(isTold)
        let status = try scratch.status()
        try launch.end(SIGTERM)
        let refreshed = try Date(try #require(status.refreshedAt), strategy: .iso8601)
        return try Date(try #require(status.nextRefreshAt), strategy: .iso8601).timeIntervalSince(refreshed)
    }

    @Test func `an instance keeps its interval over a restart, and others of the machine have other ones`() throws {
        try Emulator.serving { azure in
            let scratches = try (0..<8).map { _ in try Scratch() }
            let intervals = try scratches.map { try Self.interval(azure, in: $0) }
            #expect(intervals.allSatisfy { (0...7201).contains($0) })
            // Of eight even draws from two hours this fails once in more than a million.
            #expect((intervals.max() ?? 0) - (intervals.min() ?? 0) > 600, "\(intervals)")
            // Whole seconds are shown.
            #expect(abs(try Self.interval(azure, in: scratches[0]) - intervals[0]) <= 1)
        }
    }
}
