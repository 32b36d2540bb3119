import Foundation

/// A way in which vault or identity fail for a while.
enum SoakFault: CaseIterable {
    case none, delay, drop, reset, throttled, throttledWithTime, internalError, unavailable, forbidden, permissionGone,
        notFound, disabledAnswer, disabled, truncated, garbage, wrongAudience, otherResource, tokenExpired,
        identityGone, identityFails

    private static let secret = "vaults/demo/secrets/\(Soak.names[0])"

    /// The members of the emulator's fault; nil where it is not a fault but a state.
    private var effect: String? {
        switch self {
        case .none, .permissionGone, .disabled, .identityGone: nil
        case .delay: #""endpoint":"vault","delay":150"#
        case .drop: #""endpoint":"vault","drop":true"#
        case .reset: #""endpoint":"vault","reset":true"#
        case .throttled: #""endpoint":"vault","error":"throttled""#
        case .throttledWithTime: #""endpoint":"vault","error":"throttled","retry-after":1"#
        case .internalError: #""endpoint":"vault","error":"internal-error""#
        case .unavailable: #""endpoint":"vault","error":"unavailable""#
        case .forbidden: #""endpoint":"vault","error":"forbidden-by-rbac""#
        case .notFound: #""endpoint":"vault","path":"^/secrets/soak-","error":"not-found""#
        case .disabledAnswer: #""endpoint":"vault","path":"^/secrets/soak-","error":"secret-disabled""#
        case .truncated: #""endpoint":"vault","truncate":20"#
        case .garbage: #""endpoint":"vault","garbage":true"#
        case .wrongAudience: #""endpoint":"vault","error":"wrong-audience""#
        case .otherResource: #""endpoint":"vault","status":401,"challenge":"wrong-resource""#
        case .tokenExpired: #""endpoint":"vault","error":"token-expired""#
        case .identityFails: #""endpoint":"identity","error":"identity-failed""#
        }
    }

    /// Begins it: for each fitting request with this probability, at most so many times.
    func begin(in azure: Emulator, probability: Double, times: Int) throws {
        switch self {
        case .none: break
        case .permissionGone: try azure.control("PUT", "identities/system/permissions", "[]")
        case .disabled: try azure.control("PATCH", Self.secret, #"{"enabled":false}"#)
        case .identityGone: try azure.identity(isAvailable: false)
        default:
            try azure.fault(
                "{\"name\":\"soak\",\(effect ?? ""),\"probability\":\(probability),\"times\":\(times)}")
        }
    }

    func end(in azure: Emulator) throws {
        switch self {
        case .none: break
        case .permissionGone: try azure.control("PUT", "identities/system/permissions", #"["get","list"]"#)
        case .disabled: try azure.control("PATCH", Self.secret, #"{"enabled":true}"#)
        case .identityGone: try azure.identity(isAvailable: true)
        default: try azure.control("DELETE", "faults/soak")
        }
    }
}
