/// The pause after failures in a row: 1 s doubling to `cap`, with full jitter from a floor of 250 ms on.
///
/// `failures`: how many came before this one. Milliseconds.
package func backoffMilliseconds(
    after failures: Int64, upTo cap: Int64, using generator: inout some RandomNumberGenerator
) -> Int64 {
    let bound = min(1000 << min(max(failures, 0), 30), cap)
    return Int64.random(in: min(backoffFloor, bound)...max(bound, 0), using: &generator)
}

private let backoffFloor: Int64 = 250
