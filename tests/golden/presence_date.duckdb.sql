SELECT
  "masks"."date",
  "masks"."word_1",
  COUNT(*) AS "keys"
FROM (
  SELECT
    "merged"."date" AS "date",
    "merged"."key_1" AS "key_1",
    CASE
      WHEN (
        "merged"."key_1" IS NULL
      )
      THEN (
        "merged"."word_1" & 2147483008
      ) | (
        (
          "merged"."word_1" & 639
        ) << 31
      )
      ELSE "merged"."word_1"
    END AS "word_1"
  FROM (
    SELECT
      "rows_of_all"."date" AS "date",
      "rows_of_all"."key_1" AS "key_1",
      CAST(BIT_OR("rows_of_all"."word_1") AS BIGINT) AS "word_1"
    FROM (
      SELECT
        "nba_raw"."nbac_schedule"."game_date" AS "date",
        CASE
          WHEN (
            (
              CAST("nba_raw"."nbac_schedule"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_raw"."nbac_schedule"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_raw"."nbac_schedule"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_raw"."nbac_schedule"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        0 AS "arm",
        1 AS "word_1"
      FROM "nba_raw"."nbac_schedule"
      WHERE
        (
          "nba_raw"."nbac_schedule"."game_date" BETWEEN '2025-01-01' AND '2025-01-31'
          OR "nba_raw"."nbac_schedule"."game_date" IS NULL
        )
        AND (
          "nba_raw"."nbac_schedule"."game_id" IS NULL
          OR "nba_raw"."nbac_schedule"."game_id" NOT LIKE '003%'
        )
      UNION ALL
      SELECT
        "nba_raw"."bdl_player_boxscores"."game_date" AS "date",
        CASE
          WHEN (
            (
              CAST("nba_raw"."bdl_player_boxscores"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_raw"."bdl_player_boxscores"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_raw"."bdl_player_boxscores"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_raw"."bdl_player_boxscores"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        1 AS "arm",
        2 AS "word_1"
      FROM "nba_raw"."bdl_player_boxscores"
      WHERE
        "nba_raw"."bdl_player_boxscores"."game_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_raw"."bdl_player_boxscores"."game_date" IS NULL
      UNION ALL
      SELECT
        "nba_raw"."nbac_gamebook_player_stats"."game_date" AS "date",
        CASE
          WHEN (
            (
              CAST("nba_raw"."nbac_gamebook_player_stats"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_raw"."nbac_gamebook_player_stats"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_raw"."nbac_gamebook_player_stats"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_raw"."nbac_gamebook_player_stats"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        2 AS "arm",
        4 AS "word_1"
      FROM "nba_raw"."nbac_gamebook_player_stats"
      WHERE
        "nba_raw"."nbac_gamebook_player_stats"."game_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_raw"."nbac_gamebook_player_stats"."game_date" IS NULL
      UNION ALL
      SELECT
        "nba_raw"."nbac_player_boxscores"."game_date" AS "date",
        CASE
          WHEN (
            (
              CAST("nba_raw"."nbac_player_boxscores"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_raw"."nbac_player_boxscores"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_raw"."nbac_player_boxscores"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_raw"."nbac_player_boxscores"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        3 AS "arm",
        8 AS "word_1"
      FROM "nba_raw"."nbac_player_boxscores"
      WHERE
        "nba_raw"."nbac_player_boxscores"."game_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_raw"."nbac_player_boxscores"."game_date" IS NULL
      UNION ALL
      SELECT
        "nba_analytics"."player_game_summary"."game_date" AS "date",
        CASE
          WHEN (
            (
              CAST("nba_analytics"."player_game_summary"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_analytics"."player_game_summary"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_analytics"."player_game_summary"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_analytics"."player_game_summary"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        4 AS "arm",
        16 AS "word_1"
      FROM "nba_analytics"."player_game_summary"
      WHERE
        "nba_analytics"."player_game_summary"."game_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_analytics"."player_game_summary"."game_date" IS NULL
      UNION ALL
      SELECT
        "nba_analytics"."team_defense_game_summary"."game_date" AS "date",
        CASE
          WHEN (
            (
              CAST("nba_analytics"."team_defense_game_summary"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_analytics"."team_defense_game_summary"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_analytics"."team_defense_game_summary"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_analytics"."team_defense_game_summary"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        5 AS "arm",
        32 AS "word_1"
      FROM "nba_analytics"."team_defense_game_summary"
      WHERE
        "nba_analytics"."team_defense_game_summary"."game_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_analytics"."team_defense_game_summary"."game_date" IS NULL
      UNION ALL
      SELECT
        "nba_precompute"."player_composite_factors"."game_date" AS "date",
        CASE
          WHEN (
            (
              CAST("nba_precompute"."player_composite_factors"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_precompute"."player_composite_factors"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_precompute"."player_composite_factors"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_precompute"."player_composite_factors"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        6 AS "arm",
        64 AS "word_1"
      FROM "nba_precompute"."player_composite_factors"
      WHERE
        "nba_precompute"."player_composite_factors"."game_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_precompute"."player_composite_factors"."game_date" IS NULL
      UNION ALL
      SELECT
        "nba_precompute"."team_defense_zone_analysis"."analysis_date" AS "date",
        NULL AS "key_1",
        7 AS "arm",
        128 AS "word_1"
      FROM "nba_precompute"."team_defense_zone_analysis"
      WHERE
        "nba_precompute"."team_defense_zone_analysis"."analysis_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_precompute"."team_defense_zone_analysis"."analysis_date" IS NULL
      UNION ALL
      SELECT
        "nba_precompute"."player_daily_cache"."cache_date" AS "date",
        NULL AS "key_1",
        8 AS "arm",
        256 AS "word_1"
      FROM "nba_precompute"."player_daily_cache"
      WHERE
        "nba_precompute"."player_daily_cache"."cache_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_precompute"."player_daily_cache"."cache_date" IS NULL
      UNION ALL
      SELECT
        "nba_predictions"."prediction_accuracy"."game_date" AS "date",
        CASE
          WHEN (
            (
              CAST("nba_predictions"."prediction_accuracy"."game_id" AS TEXT) COLLATE "C" < '!'
              OR CAST("nba_predictions"."prediction_accuracy"."game_id" AS TEXT) COLLATE "C" > '~'
            )
            AND REGEXP_MATCHES(
              CAST("nba_predictions"."prediction_accuracy"."game_id" AS TEXT) COLLATE "C",
              '^[\pZ\p{Cc}\p{Cf}]*$'
            )
          )
          THEN NULL
          ELSE CAST("nba_predictions"."prediction_accuracy"."game_id" AS TEXT) COLLATE "C"
        END AS "key_1",
        9 AS "arm",
        512 AS "word_1"
      FROM "nba_predictions"."prediction_accuracy"
      WHERE
        "nba_predictions"."prediction_accuracy"."game_date" BETWEEN '2025-01-01' AND '2025-01-31'
        OR "nba_predictions"."prediction_accuracy"."game_date" IS NULL
    ) AS "rows_of_all"
    GROUP BY
      "rows_of_all"."date",
      "rows_of_all"."key_1"
  ) AS "merged"
) AS "masks"
GROUP BY
  "masks"."date",
  "masks"."word_1"
