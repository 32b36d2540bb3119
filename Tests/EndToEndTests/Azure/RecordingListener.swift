import Foundation
import Testing

/// A listener that belongs to nobody: a redirect's target, a proxy. It tells every line that it is sent; a token or an
/// identity header among them would be found like any other leak.
final class RecordingListener: Sendable {
    let port: Int
    private let launch: Launch

    init() throws {
        launch = try Launch(Programs.probe, ["overhear"])
        let isReady = launch.output.wait { $0.contains("\n") }
        try #require(isReady, "\(launch.errors.text)")
        port = try #require(launch.output.lines.first.flatMap { Int($0.dropFirst("port=".count)) })
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// What it was sent, line by line; it is gone then.
    func heard() throws -> [String] {
        try launch.end(SIGTERM).output.split(separator: "\n").dropFirst().map { String($0.dropFirst("heard=".count)) }
    }
}
