SELECT
  "masks"."date",
  "masks"."mask",
  COUNT(*) AS "keys"
FROM (
  SELECT
    "rows_of_all"."date" AS "date",
    "rows_of_all"."key_1" AS "key_1",
    BIT_OR("rows_of_all"."bit") AS "mask"
  FROM (
    SELECT
      TRY_CAST(SUBSTRING("nba_raw"."nbac_schedule"."game_date", 1, 10) AS DATE) AS "date",
      "nba_raw"."nbac_schedule"."game_id" AS "key_1",
      CASE WHEN (
        "nba_raw"."nbac_schedule"."game_id" IS NULL
      ) THEN 1024 ELSE 1 END AS "bit"
    FROM "nba_raw"."nbac_schedule"
    WHERE
      (
        "nba_raw"."nbac_schedule"."game_date" >= '2025-01-01'
        AND "nba_raw"."nbac_schedule"."game_date" < '2025-02-01'
        OR "nba_raw"."nbac_schedule"."game_date" IS NULL
      )
      AND (
        "nba_raw"."nbac_schedule"."game_id" IS NULL
        OR "nba_raw"."nbac_schedule"."game_id" NOT LIKE '003%'
      )
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_raw"."bdl_player_boxscores"."game_date", 1, 10) AS DATE) AS "date",
      "nba_raw"."bdl_player_boxscores"."game_id" AS "key_1",
      CASE
        WHEN (
          "nba_raw"."bdl_player_boxscores"."game_id" IS NULL
        )
        THEN 2048
        ELSE 2
      END AS "bit"
    FROM "nba_raw"."bdl_player_boxscores"
    WHERE
      "nba_raw"."bdl_player_boxscores"."game_date" >= '2025-01-01'
      AND "nba_raw"."bdl_player_boxscores"."game_date" < '2025-02-01'
      OR "nba_raw"."bdl_player_boxscores"."game_date" IS NULL
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_raw"."nbac_gamebook_player_stats"."game_date", 1, 10) AS DATE) AS "date",
      "nba_raw"."nbac_gamebook_player_stats"."game_id" AS "key_1",
      CASE
        WHEN (
          "nba_raw"."nbac_gamebook_player_stats"."game_id" IS NULL
        )
        THEN 4096
        ELSE 4
      END AS "bit"
    FROM "nba_raw"."nbac_gamebook_player_stats"
    WHERE
      "nba_raw"."nbac_gamebook_player_stats"."game_date" >= '2025-01-01'
      AND "nba_raw"."nbac_gamebook_player_stats"."game_date" < '2025-02-01'
      OR "nba_raw"."nbac_gamebook_player_stats"."game_date" IS NULL
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_raw"."nbac_player_boxscores"."game_date", 1, 10) AS DATE) AS "date",
      "nba_raw"."nbac_player_boxscores"."game_id" AS "key_1",
      CASE
        WHEN (
          "nba_raw"."nbac_player_boxscores"."game_id" IS NULL
        )
        THEN 8192
        ELSE 8
      END AS "bit"
    FROM "nba_raw"."nbac_player_boxscores"
    WHERE
      "nba_raw"."nbac_player_boxscores"."game_date" >= '2025-01-01'
      AND "nba_raw"."nbac_player_boxscores"."game_date" < '2025-02-01'
      OR "nba_raw"."nbac_player_boxscores"."game_date" IS NULL
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_analytics"."player_game_summary"."game_date", 1, 10) AS DATE) AS "date",
      "nba_analytics"."player_game_summary"."game_id" AS "key_1",
      CASE
        WHEN (
          "nba_analytics"."player_game_summary"."game_id" IS NULL
        )
        THEN 16384
        ELSE 16
      END AS "bit"
    FROM "nba_analytics"."player_game_summary"
    WHERE
      "nba_analytics"."player_game_summary"."game_date" >= '2025-01-01'
      AND "nba_analytics"."player_game_summary"."game_date" < '2025-02-01'
      OR "nba_analytics"."player_game_summary"."game_date" IS NULL
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_analytics"."team_defense_game_summary"."game_date", 1, 10) AS DATE) AS "date",
      "nba_analytics"."team_defense_game_summary"."game_id" AS "key_1",
      CASE
        WHEN (
          "nba_analytics"."team_defense_game_summary"."game_id" IS NULL
        )
        THEN 32768
        ELSE 32
      END AS "bit"
    FROM "nba_analytics"."team_defense_game_summary"
    WHERE
      "nba_analytics"."team_defense_game_summary"."game_date" >= '2025-01-01'
      AND "nba_analytics"."team_defense_game_summary"."game_date" < '2025-02-01'
      OR "nba_analytics"."team_defense_game_summary"."game_date" IS NULL
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_precompute"."player_composite_factors"."game_date", 1, 10) AS DATE) AS "date",
      "nba_precompute"."player_composite_factors"."game_id" AS "key_1",
      CASE
        WHEN (
          "nba_precompute"."player_composite_factors"."game_id" IS NULL
        )
        THEN 65536
        ELSE 64
      END AS "bit"
    FROM "nba_precompute"."player_composite_factors"
    WHERE
      "nba_precompute"."player_composite_factors"."game_date" >= '2025-01-01'
      AND "nba_precompute"."player_composite_factors"."game_date" < '2025-02-01'
      OR "nba_precompute"."player_composite_factors"."game_date" IS NULL
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_precompute"."team_defense_zone_analysis"."analysis_date", 1, 10) AS DATE) AS "date",
      NULL AS "key_1",
      128 AS "bit"
    FROM "nba_precompute"."team_defense_zone_analysis"
    WHERE
      "nba_precompute"."team_defense_zone_analysis"."analysis_date" >= '2025-01-01'
      AND "nba_precompute"."team_defense_zone_analysis"."analysis_date" < '2025-02-01'
      OR "nba_precompute"."team_defense_zone_analysis"."analysis_date" IS NULL
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_precompute"."player_daily_cache"."cache_date", 1, 10) AS DATE) AS "date",
      NULL AS "key_1",
      256 AS "bit"
    FROM "nba_precompute"."player_daily_cache"
    WHERE
      "nba_precompute"."player_daily_cache"."cache_date" >= '2025-01-01'
      AND "nba_precompute"."player_daily_cache"."cache_date" < '2025-02-01'
      OR "nba_precompute"."player_daily_cache"."cache_date" IS NULL
    UNION ALL
    SELECT
      TRY_CAST(SUBSTRING("nba_predictions"."prediction_accuracy"."game_date", 1, 10) AS DATE) AS "date",
      "nba_predictions"."prediction_accuracy"."game_id" AS "key_1",
      CASE
        WHEN (
          "nba_predictions"."prediction_accuracy"."game_id" IS NULL
        )
        THEN 524288
        ELSE 512
      END AS "bit"
    FROM "nba_predictions"."prediction_accuracy"
    WHERE
      "nba_predictions"."prediction_accuracy"."game_date" >= '2025-01-01'
      AND "nba_predictions"."prediction_accuracy"."game_date" < '2025-02-01'
      OR "nba_predictions"."prediction_accuracy"."game_date" IS NULL
  ) AS "rows_of_all"
  GROUP BY
    "rows_of_all"."date",
    "rows_of_all"."key_1"
) AS "masks"
GROUP BY
  "masks"."date",
  "masks"."mask"
