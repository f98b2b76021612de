"""Puts jobs on a Flink session cluster and upgrades them: `deployer.sync` with httpx, `deployer.aio` with aiohttp."""
