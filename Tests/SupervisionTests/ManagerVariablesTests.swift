import Supervision
import Testing
import WorkerProtocol

/// What a service manager tells the process that it starts, and whom it means.
struct ManagerVariablesTests {
    private func variables(_ entries: String...) -> ManagerVariables { variables(entries) }

    private func variables(_ entries: [String]) -> ManagerVariables {
        ManagerVariables(process: 7) { name in
            entries.first { $0.hasPrefix(name + "=") }.map { Array($0.dropFirst(name.count + 1).utf8) }
        }
    }

    @Test func `sockets are taken by the process that they are meant for`() {
        let own = variables("LISTEN_PID=7", "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b", "LISTEN=x")
        #expect(own.listenEntries == ["LISTEN_FDS=2", "LISTEN_FDNAMES=a:b"].map { Array($0.utf8) })
        #expect(variables("LISTEN_PID=8", "LISTEN_FDS=2").listenEntries.isEmpty)
        #expect(variables("LISTEN_FDS=2").listenEntries.isEmpty)
    }

    @Test(arguments: [
        (["LISTEN_PID=7", "LISTEN_FDS=1", "LISTEN_FDNAMES=a"], 1, "LISTEN_FDS=3", "LISTEN_FDNAMES=a:http:unknown"),
        (["LISTEN_PID=7", "LISTEN_FDS=2"], 2, "LISTEN_FDS=4", "LISTEN_FDNAMES=unknown:unknown:http:unknown"),
        (
            ["LISTEN_PID=7", "LISTEN_FDS=1", "LISTEN_FDNAMES=a:b"], 1, "LISTEN_FDS=3",
            "LISTEN_FDNAMES=unknown:http:unknown"
        ),
        (["LISTEN_PID=7", "LISTEN_FDS=many"], 0, "LISTEN_FDS=2", "LISTEN_FDNAMES=http:unknown"),
        (["LISTEN_PID=8", "LISTEN_FDS=1"], 0, "LISTEN_FDS=2", "LISTEN_FDNAMES=http:unknown"),
    ])
    func `sockets that are opened follow those that were inherited`(
        entries: [String], count: Int, number: String, names: String
    ) {
        let variables = variables(entries)
        #expect(variables.listenCount == count)
        #expect(variables.listenEntries(adding: ["http", nil]) == [number, names].map { Array($0.utf8) })
        #expect(variables.listenEntries(adding: []) == variables.listenEntries)
    }

    @Test(arguments: [
        (["WATCHDOG_USEC=5000000"], Duration.seconds(2.5)),
        (["WATCHDOG_USEC=5000000", "WATCHDOG_PID=7"], .seconds(2.5)),
        (["WATCHDOG_USEC=5000000", "WATCHDOG_PID=8"], nil), (["WATCHDOG_USEC=0"], nil), (["WATCHDOG_USEC=soon"], nil),
        (["WATCHDOG_USEC=1"], .milliseconds(1)), (["WATCHDOG_USEC=9223372036854775807"], .seconds(3600)),
        (["WATCHDOG_USEC=9223372036854775808"], nil), ([], nil),
    ])
    func `the watchdog is answered at half of its interval, where it is ours`(entries: [String], period: Duration?) {
        #expect(variables(entries + ["NOTIFY_SOCKET=@manager"]).watchdogPeriod == period)
    }

    @Test func `without a socket there is nobody to answer`() {
        #expect(variables("WATCHDOG_USEC=5000000").watchdogPeriod == nil)
    }

    @Test func `the journal's stream is remembered, and stays the child's`() {
        #expect(variables("JOURNAL_STREAM=8:1234").journalStream == "8:1234")
        #expect(!ServiceManagerVariable.includes(Array("JOURNAL_STREAM=8:1234".utf8)))
    }

    @Test(arguments: ["NOTIFY_SOCKET=/run/x", "WATCHDOG_USEC=1", "WATCHDOG_PID=1", "LISTEN_PID=1", "LISTEN_PIDFDID=9"])
    func `workers never see the manager's variables`(entry: String) {
        #expect(ServiceManagerVariable.includes(Array(entry.utf8)))
    }
}
