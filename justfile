# The few verbs that people use. `just` lists them.

_default:
    @just --list

# Run the main job on the built-in sample data
sample:
    cargo run --profile quick --locked -- once --sample

# Format, lint, and test: everything that the gate runs
gate:
    .ci/run

# Check formatting, lints, spelling, and the documentation
lint:
    cargo fmt --all --check
    cargo clippy --locked --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
    typos
    .ci/check-words

# Run the tests
test *ARGS:
    cargo test --locked {{ ARGS }}

# Compile the fuzz targets
fuzz-check:
    cargo check --locked --manifest-path fuzz/Cargo.toml --target-dir target

# Run one benchmark: collecting, daemon, fan_out, reading, or scale
bench NAME:
    cargo bench --locked --bench {{ NAME }}

# Write the JSON Schemas of the catalog and of the JSON output
schema:
    cargo run --quiet --locked -- catalog schema > config/catalog.schema.json
    cargo run --quiet --locked -- schema > schemas/output.v1.schema.json

# Check licenses, advisories, and duplicate versions of dependencies
deny:
    cargo deny check
